import type { EventHistory } from "@understudy/health-monitor";
import type { FastifyReply } from "fastify";
import { once } from "node:events";
import { beginRawAnswer } from "../http/begin-raw-answer.ts";

/** A comment now and then keeps proxies from closing a quiet stream, and finds clients that are gone. */
const KEEP_ALIVE_MS = 15_000;

/** What {@link streamEvents} follows. */
export interface EventStreamOptions {
  readonly events: EventHistory;
  /** Events with ids above it; `Last-Event-ID` wins, as browsers send it when they come back. */
  readonly after: number;
  /** Ends the stream: the node stops. */
  readonly signal: AbortSignal;
}

/**
 * Follows the event history as server-sent events until the client goes or the node stops: first those behind `after`, then
 * each as it comes.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function streamEvents(reply: FastifyReply, options: EventStreamOptions): Promise<FastifyReply> {
  const { request } = reply;
  const { socket } = request.raw;
  const lastId = Number(request.headers["last-event-id"] ?? options.after);
  const after = Number.isSafeInteger(lastId) ? lastId : options.after;
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new DOMException("the client has gone", "AbortError"));
  const signal = AbortSignal.any([gone.signal, options.signal]);
  const raw = beginRawAnswer(reply, 200, {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    connection: "close",
  });
  socket.setTimeout(0);
  socket.once("close", onClose);
  const beat = setInterval(() => raw.write(": still here\n\n"), KEEP_ALIVE_MS);
  try {
    raw.write(": events follow\n\n");
    for await (const event of options.events.follow(signal, after)) {
      const text = `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
      if (!raw.write(text)) await once(raw, "drain", { signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(beat);
    socket.off("close", onClose);
    raw.end();
  }
  return reply;
}
