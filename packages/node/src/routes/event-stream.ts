import type { EventHistory } from "@understudy/health-monitor";
import type { FastifyReply } from "fastify";

/** A comment now and then keeps proxies from closing a quiet stream, and finds clients that are gone. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Follows the event history as server-sent events until the client goes: first those behind `after` (or `Last-Event-ID`),
 * then each as it comes.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function streamEvents(
  events: EventHistory,
  after: number,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { request } = reply;
  const lastId = Number(request.headers["last-event-id"] ?? after);
  const gone = new AbortController();
  request.raw.socket.once("close", () => gone.abort(new DOMException("the client has gone", "AbortError")));
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  request.raw.socket.setTimeout(0);
  const beat = setInterval(() => raw.write(": still here\n\n"), KEEP_ALIVE_MS);
  try {
    raw.write(": events follow\n\n");
    for await (const event of events.follow(gone.signal, Number.isSafeInteger(lastId) ? lastId : after)) {
      const isDrained = raw.write(
        `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`,
      );
      if (!isDrained) await drained(raw, gone.signal);
    }
  } finally {
    clearInterval(beat);
    raw.end();
  }
  return reply;
}

async function drained(raw: FastifyReply["raw"], signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    raw.once("drain", resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
