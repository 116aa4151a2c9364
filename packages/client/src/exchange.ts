import { Readable } from "node:stream";
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import { ExchangeFailure, failureOf, type ExchangeStage } from "./exchange-failure.ts";

/** One HTTP request. */
export interface ExchangeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined;
}

/** Bounds of one exchange. */
export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer, of any status. Repeated headers are joined with a comma. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/**
 * Sends one request and collects its whole answer. Rejects with the signal's reason when that aborts, with what the
 * body's iterator threw, else with an {@link ExchangeFailure}, which knows whether the request had begun to be sent.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  limits: ExchangeLimits,
): Promise<RawAnswer> {
  limits.signal?.throwIfAborted();
  const body = bodyOf(request.body);
  const collector = new AnswerCollector(limits.answerBytesMax);
  const timer = setTimeout(() => {
    collector.cancel(
      new ExchangeFailure(`gave no whole answer within ${Math.round(limits.timeoutMs)} ms`, {
        stage: collector.stage,
        kind: "timeout",
      }),
    );
  }, limits.timeoutMs);
  const onAbort = (): void => collector.cancel(limits.signal?.reason);
  limits.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const { method, path, headers } = request;
    dispatcher.dispatch({ method, path, headers, body, headersTimeout: 0, bodyTimeout: 0 }, collector);
    return await collector.answer;
  } finally {
    clearTimeout(timer);
    limits.signal?.removeEventListener("abort", onAbort);
    if (body instanceof Readable) body.destroy();
  }
}

function bodyOf(body: ExchangeRequest["body"]): string | Uint8Array | Readable | null {
  if (body === undefined) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  // The stream's errors reach the collector through undici; the listener covers a body that was never sent.
  return Readable.from(body, { objectMode: false }).on("error", () => undefined);
}

/**
 * Gathers an answer out of undici's events. A handler of our own rather than `request()`, since only the handler hears
 * when a request gets its socket: before that it surely did not happen, after that it may have.
 */
class AnswerCollector implements Dispatcher.DispatchHandler {
  readonly #settled = Promise.withResolvers<RawAnswer>();
  readonly #bytesMax: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: Record<string, string> = {};
  #controller: Dispatcher.DispatchController | undefined;
  #cancelled: Error | undefined;
  stage: ExchangeStage = "unsent";

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    // Someone awaits `answer` as soon as the request is dispatched; this covers a dispatch that throws.
    this.#settled.promise.catch(() => undefined);
  }

  get answer(): Promise<RawAnswer> {
    return this.#settled.promise;
  }

  /** Ends the exchange; a request that still waits for its socket is not sent any more. */
  cancel(reason: unknown): void {
    this.#cancelled = reason instanceof Error ? reason : new Error(String(reason));
    this.#settled.reject(reason);
    this.#controller?.abort(this.#cancelled);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#cancelled) {
      controller.abort(this.#cancelled);
      return;
    }
    this.stage = "sent";
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.stage = "answering";
    this.#status = status;
    this.#headers = flattenHeaders(headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) {
      this.cancel(
        new ExchangeFailure(`answered more than ${this.#bytesMax} bytes`, {
          stage: "answering",
          kind: "too-large",
        }),
      );
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#settled.resolve({
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks, this.#bytes),
    });
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#settled.reject(failureOf(error, this.stage));
  }
}

/** Repeated headers joined with a comma. */
export function flattenHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = typeof value === "string" ? value : value.join(", ");
  }
  return flat;
}
