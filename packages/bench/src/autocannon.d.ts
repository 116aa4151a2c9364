// The part of autocannon 9 that is used here; it brings no types of its own.
declare module "autocannon" {
  export interface AutocannonRequest {
    readonly method: "POST";
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }

  export interface AutocannonOptions {
    readonly url: string;
    readonly connections: number;
    /** Whole seconds. */
    readonly duration: number;
    /** Seconds. */
    readonly timeout: number;
    readonly requests: readonly AutocannonRequest[];
  }

  export interface AutocannonResult {
    readonly "2xx": number;
    readonly non2xx: number;
    /** Timeouts included. */
    readonly errors: number;
    /** Seconds. */
    readonly duration: number;
  }

  export default function autocannon(options: AutocannonOptions): Promise<AutocannonResult>;
}
