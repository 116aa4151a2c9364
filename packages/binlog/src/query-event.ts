import type { BinlogEvent } from "./binlog-event.ts";
/** A Query event's fields; the buffers share the event's memory. */
export interface QueryEvent {
  readonly threadId: number;
  readonly executionSeconds: number;
  readonly errorCode: number;
  readonly statusVariables: Buffer;
  readonly schema: Buffer;
  readonly sql: Buffer;
}
/** Decodes a Query event (type 2). Throws `binlog-corrupt`. */
export function decodeQueryEvent(_event: BinlogEvent): QueryEvent {
  throw new Error("coming");
}
