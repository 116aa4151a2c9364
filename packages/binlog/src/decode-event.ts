import type { BinlogEvent } from "./binlog-event.ts";
/** Decodes one whole event. Throws `binlog-corrupt`. */
export function decodeEvent(_bytes: Buffer): BinlogEvent {
  throw new Error("coming");
}
