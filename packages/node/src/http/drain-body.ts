import type { IncomingMessage } from "node:http";

const DRAIN_MS = 10_000;
const DRAIN_BYTES_MAX = 256 * 1024 * 1024;

/**
 * Reads the rest of a body that nobody wants and throws it away, so that its sender gets to read the answer: a connection that
 * is closed while it still sends is reset under its hands, and the refusal lost. Bounded in time and bytes; never rejects.
 */
export async function drainBody(request: IncomingMessage): Promise<void> {
  if (request.complete && request.readableLength === 0) return;
  if (request.destroyed) return;
  await new Promise<void>((resolve) => {
    let left = DRAIN_BYTES_MAX;
    const onData = (chunk: Uint8Array | string): void => {
      left -= chunk.length;
      if (left < 0) finish();
    };
    const timer = setTimeout(finish, DRAIN_MS);
    function finish(): void {
      clearTimeout(timer);
      request.off("data", onData).off("end", finish).off("error", finish).off("close", finish);
      resolve();
    }
    request.on("data", onData).once("end", finish).once("error", finish).once("close", finish);
    request.resume();
  });
}
