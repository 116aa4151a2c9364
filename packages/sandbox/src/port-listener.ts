import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** Loopback, where everything of a sandbox listens. */
export const HOST = "127.0.0.1";

/** What a {@link PortListener} does with connections. */
export interface PortListenerOptions {
  readonly port: number;
  readonly onConnection: (client: Socket) => void;
  /** Leave what a connection carries unread until somebody takes it. */
  readonly pauseOnConnect?: boolean;
}

/** Listens on a port of 127.0.0.1, stops to, and listens there again. Half-open connections are handed on as such. */
export class PortListener {
  readonly port: number;
  readonly #options: PortListenerOptions;
  #server: Server | null = null;

  constructor(options: PortListenerOptions) {
    this.port = options.port;
    this.#options = options;
  }

  /** Listens. Throws where somebody else has taken the port meanwhile. */
  async accept(): Promise<void> {
    if (this.#server) return;
    const { onConnection, pauseOnConnect = false } = this.#options;
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect }, onConnection);
    this.#server = server;
    server.listen(this.port, HOST);
    try {
      await once(server, "listening");
    } catch (error) {
      this.#server = null;
      throw error;
    }
    // what fails later is one connection that could not be accepted
    server.on("error", () => undefined);
  }

  /** Stops listening: new connections are refused, open ones go on. */
  refuse(): void {
    this.#server?.close();
    this.#server = null;
  }
}
