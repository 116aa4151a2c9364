export type { BinlogEvent } from "./binlog-event.ts";
export type { GtidPosition } from "./gtid-position.ts";
export type { TransactionHeader, TransactionPart } from "./transaction-part.ts";
