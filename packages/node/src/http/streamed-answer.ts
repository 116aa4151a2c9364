import { orAbort, type Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { FastifyReply } from "fastify";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { beginRawAnswer } from "./begin-raw-answer.ts";

/** A reader who has not taken the last chunk after so long is cut, since he holds a database connection. */
const STALL_MS_MAX = 30_000;
const NEVER = new AbortController().signal;
/** What a chunk should have, so that a slow reader is told from one who has stopped. */
export const CHUNK_BYTES = 64 * 1024;

/** How a {@link StreamedAnswer} begins. */
export interface StreamedAnswerOptions {
  readonly status: number;
  /** Beside those that the reply has already. */
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** A reader who takes nothing for so long is cut. Default 30 s. */
  readonly stallMs?: number;
  /** Ends the wait for a reader at once. */
  readonly signal?: AbortSignal;
}

/**
 * An answer that is written piece by piece, no faster than its reader takes it. Once it is made, the status is out, and no error
 * can be answered any more. Disposal without {@link end} cuts the connection, so that the reader sees that something is missing.
 */
export class StreamedAnswer implements Disposable {
  readonly #raw: ServerResponse;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #signal: AbortSignal;

  constructor(reply: FastifyReply, { status, headers, clock, stallMs, signal }: StreamedAnswerOptions) {
    this.#raw = beginRawAnswer(reply, status, headers);
    this.#clock = clock;
    this.#stallMs = stallMs ?? STALL_MS_MAX;
    this.#signal = signal ?? NEVER;
  }

  /** True once nothing can be written any more. */
  get isCut(): boolean {
    return this.#raw.destroyed;
  }

  /**
   * Resolves when the next chunk may come. Throws `node-unreachable` where the reader has gone, or takes nothing for too long, and the
   * signal's reason.
   */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.#raw.destroyed) throw gone();
    if (!this.#raw.write(chunk)) await this.#taken();
  }

  end(): void {
    this.#raw.end();
  }

  [Symbol.dispose](): void {
    if (!this.#raw.writableEnded) this.#raw.destroy();
  }

  async #taken(): Promise<void> {
    const done = new AbortController();
    const { signal } = done;
    const waits = [
      once(this.#raw, "drain", { signal }),
      once(this.#raw, "close", { signal }).then(() => Promise.reject(gone())),
      this.#clock.sleep(this.#stallMs, signal).then(() => Promise.reject(stalled())),
    ];
    try {
      await orAbort(Promise.race(waits), this.#signal);
    } finally {
      done.abort();
      for (const wait of waits) wait.catch(() => undefined);
    }
  }
}

function gone(): UnderstudyError {
  return new UnderstudyError("node-unreachable", "the reader of a stream has gone");
}

function stalled(): UnderstudyError {
  return new UnderstudyError(
    "node-unreachable",
    `the reader of a stream took nothing for ${STALL_MS_MAX / 1000} s`,
  );
}
