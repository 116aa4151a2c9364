import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { toError } from "@understudy/kernel";
import { ExchangeFailure, failureOf } from "./exchange-failure.ts";
import { flattenHeaders, type ExchangeLimits, type ExchangeRequest } from "./exchange.ts";

/** An answer whose body is still to be read. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Once only. Ends with an error where nothing comes for the exchange's `timeoutMs`, or the signal aborts. */
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body, of at most so many bytes. */
  readonly collect: (bytesMax: number) => Promise<Buffer>;
  /** Gives the connection up unless the answer has ended. */
  readonly close: () => void;
  /** What went wrong, in words: see the one who opened it. */
  readonly inWords: (error: unknown) => unknown;
}

/**
 * Sends one request and resolves when its answer begins. `timeoutMs` bounds the wait for the beginning, and then each wait for
 * more of the body; the time that the reader takes does not count. Rejects as `exchange` does.
 */
export async function openAnswer(
  dispatcher: Dispatcher,
  request: ExchangeRequest & { readonly body?: string | undefined },
  limits: Pick<ExchangeLimits, "timeoutMs" | "signal">,
): Promise<Omit<OpenAnswer, "inWords">> {
  const { signal } = limits;
  signal?.throwIfAborted();
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const clear = (): void => signal?.removeEventListener("abort", onAbort);
  const begin = startTimer(limits.timeoutMs, (error) => abort.abort(error));
  try {
    const { method, path, headers, body = null } = request;
    const answer = await dispatcher.request({
      method,
      path,
      headers,
      body,
      signal: abort.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const readable: Readable = answer.body;
    readable.on("error", () => undefined).on("close", clear);
    abort.signal.addEventListener("abort", () => readable.destroy(toError(abort.signal.reason)));
    const pieces = patient(readable, { timeoutMs: limits.timeoutMs, signal: abort.signal });
    return {
      status: answer.statusCode,
      headers: flattenHeaders(answer.headers),
      body: pieces,
      collect: (bytesMax) => collect(pieces, bytesMax),
      close: () => void readable.destroy(),
    };
  } catch (error) {
    clear();
    if (abort.signal.aborted) throw abort.signal.reason;
    throw failureOf(toError(error), "sent");
  } finally {
    clearTimeout(begin);
  }
}

async function* patient(
  body: Readable,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = startTimer(timeoutMs, (error) => body.destroy(error));
      let next: IteratorResult<unknown>;
      try {
        next = await iterator.next();
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw failureOf(toError(error), "answering");
      } finally {
        clearTimeout(timer);
      }
      if (next.done === true) return;
      yield next.value as Uint8Array;
    }
  } finally {
    body.destroy();
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > bytesMax) {
      throw new ExchangeFailure(`answered more than ${bytesMax} bytes`, {
        stage: "answering",
        kind: "too-large",
      });
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks, bytes);
}

function startTimer(timeoutMs: number, onTimeout: (error: Error) => void): NodeJS.Timeout {
  return setTimeout(() => {
    const text = `gave nothing for ${Math.round(timeoutMs)} ms`;
    onTimeout(new ExchangeFailure(text, { stage: "answering", kind: "timeout" }));
  }, timeoutMs);
}
