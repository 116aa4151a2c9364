import type { Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/**
 * Passes a body on, and throws `node-unreachable` when its sender lets the reader wait longer than `idleMs` for the next piece:
 * a sender whose machine went dark closes no connection. Time that the reader itself takes does not count.
 */
export async function* endWhenIdle(
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
  idleMs: number,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const piece = await nextWithin(pieces, clock, idleMs);
      if (piece.done === true) return;
      yield piece.value;
    }
  } finally {
    // not awaited: a source that hangs would hang this, too
    void Promise.resolve(pieces.return?.()).catch(() => undefined);
  }
}

async function nextWithin(
  pieces: AsyncIterator<Uint8Array>,
  clock: Clock,
  idleMs: number,
): Promise<IteratorResult<Uint8Array>> {
  const next = pieces.next();
  // small bodies are here already: a timer for each, made and aborted, was a noticeable part of a delivery's cost
  const isHere = await Promise.race([
    next.then(() => true),
    new Promise<boolean>((done) => setImmediate(done, false)),
  ]);
  if (isHere) return next;
  const arrived = new AbortController();
  const late = clock.sleep(idleMs, arrived.signal).then(() => {
    throw new UnderstudyError("node-unreachable", `the sender of a body was silent for ${idleMs / 1000} s`);
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    arrived.abort();
    late.catch(() => undefined);
  }
}
