import { once } from "node:events";
import type { Socket } from "node:net";

/** Where bytes go: `toTarget` are requests, `toClient` are answers. */
export type Direction = "toTarget" | "toClient";

/** What a proxy decides about the bytes of its connections. */
export interface ConnectionRules {
  /** Resolves when the piece may go on, with how many of its bytes may; fewer than all cut the connection after them. */
  readonly pass: (chunk: Buffer, direction: Direction, signal: AbortSignal) => Promise<number>;
  /** Called when `pass` has cut it. */
  readonly onCut: () => void;
  /** Called once, when both sockets are closed. */
  readonly onEnd: () => void;
}

/** One connection through a proxy: two sockets and a pump each way. The end of one direction is passed on as such. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #rules: ConnectionRules;
  readonly #abort = new AbortController();
  readonly #ended = Promise.withResolvers<void>();

  constructor(client: Socket, target: Socket, rules: ConnectionRules) {
    this.#client = client;
    this.#target = target;
    this.#rules = rules;
    let closed = 0;
    for (const socket of [client, target]) {
      socket.on("error", () => this.reset());
      socket.once("close", () => {
        const inOrder = socket.readableEnded && socket.writableFinished;
        if (++closed === 2) this.#end();
        else if (!inOrder) this.reset();
      });
    }
    // a pump ends by `reset` or by the end of its bytes: neither is an error
    this.#pump(client, target, "toTarget").catch(() => this.reset());
    this.#pump(target, client, "toClient").catch(() => this.reset());
  }

  /** Resolves when both sockets are closed. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends both sides at once with a reset, whatever is under way. */
  reset(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(new DOMException("cut", "AbortError"));
    for (const socket of [this.#client, this.#target]) {
      // there is nothing to reset before it is connected; and Node can't reset, nor close any more, where an end is under way
      const isEnding = socket.writableEnded && !socket.writableFinished;
      if (socket.connecting || isEnding) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  #end(): void {
    this.#rules.onEnd();
    this.#ended.resolve();
  }

  async #pump(source: Socket, sink: Socket, direction: Direction): Promise<void> {
    const { signal } = this.#abort;
    for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const passing = await this.#rules.pass(chunk, direction, signal);
      // the next piece is read when there is room for it, so that little more than one piece a direction is held
      if (passing > 0 && !sink.write(chunk.subarray(0, passing))) await once(sink, "drain", { signal });
      if (passing === chunk.length) continue;
      // a reset takes along what has not left yet
      if (sink.writableLength > 0) await once(sink, "drain", { signal });
      this.#rules.onCut();
      this.reset();
      return;
    }
    sink.end();
  }
}
