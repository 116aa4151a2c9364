import { isObject, parseJson } from "@understudy/kernel";
import { EVENT_KINDS, type ClusterEvent } from "@understudy/protocol";

/** Longest line; a longer one is no event of ours. */
const LINE_MAX = 1_000_000;

/**
 * The events of a stream of server-sent events; comments and what is no event are left out.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* eventsOfStream(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ClusterEvent, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = (lines.pop() ?? "").slice(0, LINE_MAX);
    for (const line of lines) {
      const event = line.startsWith("data:") ? eventOf(line.slice(5)) : null;
      if (event) yield event;
    }
  }
}

function eventOf(text: string): ClusterEvent | null {
  const json = parseJson(text);
  return isEvent(json) ? json : null;
}

function isEvent(json: unknown): json is ClusterEvent {
  if (!isObject(json)) return false;
  const { id, time, nodeId, kind, message } = { id: 0, time: 0, nodeId: 0, kind: "", message: 0, ...json };
  return (
    typeof id === "number" &&
    [time, nodeId, message].every((one) => typeof one === "string") &&
    // A newer release may have more kinds; they are shown like any other.
    (EVENT_KINDS.some((one) => one === kind) || typeof kind === "string")
  );
}
