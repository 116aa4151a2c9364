import { Worker } from "node:worker_threads";
import { toError } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** A steady load on the source. */
export interface LagLoadOptions {
  /** Of the source, with the password. */
  readonly url: string;
  /** Transactions a second, all lanes together. */
  readonly rate: number;
  readonly durationMs: number;
  /** Numbers of the lanes, each a connection. */
  readonly lanes: readonly number[];
}

/** A load that runs in a thread of its own. Disposal ends it. */
export interface LagLoad extends AsyncDisposable {
  /** Resolves with the number of transactions written, when the time is over. */
  readonly done: Promise<number>;
}

/** Starts a load. */
export function startLagLoad(options: LagLoadOptions): LagLoad {
  const worker = new Worker(new URL("./lag-load-worker.ts", import.meta.url), { workerData: options });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  worker.once("message", (count: unknown) => resolve(Number(count)));
  worker.once("error", (error) => reject(toError(error)));
  worker.once("exit", () => reject(new UnderstudyError("internal", "the load ended before its time")));
  // whoever is gone by then need not hear of it
  promise.catch(() => undefined);
  return {
    done: promise,
    [Symbol.asyncDispose]: async () => {
      await worker.terminate();
    },
  };
}
