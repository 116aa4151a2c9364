import { anySignal, systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { openDump } from "./dump.ts";
import type { ReadBinlogOptions } from "./read-binlog-options.ts";

/**
 * Reads a server's binlog over one connection: verified events in order, those that arrived together in one array, heartbeats and
 * artificial rotations included. It holds at most `highWaterBytes` and one event beyond what the caller has taken; then
 * it stops the socket.
 *
 * `return()` ends it and the connection at once, also while a `next()` waits; so does the signal, whose reason is then thrown.
 * Throws `database-unavailable` (connection lost, server shut down or silent for 3 heartbeats and 5 s; read again from the last
 * whole transaction), `snapshot-required` (`from` is purged or unknown there), `server-unsuitable` (no checksums), `forbidden`
 * (account), `binlog-corrupt`, and what `connect` throws.
 */
export function readBinlog(options: ReadBinlogOptions): AsyncGenerator<readonly BinlogEvent[]> {
  const closed = new AbortController();
  const events = read({ ...options, signal: anySignal(options.signal, closed.signal) }, closed.signal);
  return endingAtOnce(events, () => closed.abort(new DOMException("closed by its reader", "AbortError")));
}

async function* read(
  options: ReadBinlogOptions,
  closedByReader: AbortSignal,
): AsyncGenerator<readonly BinlogEvent[]> {
  validate(options);
  try {
    options.signal.throwIfAborted();
    await using dump = await openDump(options, options.clock ?? systemClock);
    for (;;) {
      const events = await dump.take();
      if (!events) return;
      yield events;
    }
  } catch (error) {
    if (!closedByReader.aborted) throw error;
  }
}

function validate(options: ReadBinlogOptions): void {
  const { readerServerId, heartbeatMs, from, flavour } = options;
  if (!Number.isInteger(readerServerId) || readerServerId < 1 || readerServerId > 0xffff_ffff) {
    throw new UnderstudyError("invalid-request", `readerServerId ${readerServerId} is not from 1 to 2³²−1`);
  }
  if (!(heartbeatMs >= 1 && heartbeatMs <= 3_600_000)) {
    throw new UnderstudyError("invalid-request", `heartbeatMs ${heartbeatMs} is not from 1 to 3,600,000`);
  }
  if (from.flavour !== flavour) {
    throw new UnderstudyError("invalid-request", `a ${from.flavour} position on a ${flavour} server`);
  }
}

/** A generator queues `return()` behind a `next()` that waits; this one runs `close` first, so that the wait ends. */
function endingAtOnce<T>(inner: AsyncGenerator<T>, close: () => void): AsyncGenerator<T> {
  const outer: AsyncGenerator<T> = {
    next: () => inner.next(),
    return: (value) => {
      close();
      return inner.return(value);
    },
    throw: (error) => {
      close();
      return inner.throw(error);
    },
    [Symbol.asyncIterator]: () => outer,
    [Symbol.asyncDispose]: async () => {
      await outer.return(undefined);
    },
  };
  return outer;
}
