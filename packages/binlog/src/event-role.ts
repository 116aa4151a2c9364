import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_TYPE } from "./event-type.ts";
import { ROWS_EVENT_TYPES } from "./rows-event-type.ts";

/** What an event is to the grouping: `data` belongs to a transaction, `file-end` can only stand between transactions. */
export type EventRole = "data" | "gtid" | "format" | "heartbeat" | "file-end" | "skip" | "unsupported";

const ROLES: Readonly<Record<Exclude<EventRole, "unsupported">, readonly number[]>> = {
  data: [
    EVENT_TYPE.query,
    EVENT_TYPE.intVar,
    EVENT_TYPE.rand,
    EVENT_TYPE.userVar,
    EVENT_TYPE.xid,
    EVENT_TYPE.tableMap,
    ...ROWS_EVENT_TYPES,
    EVENT_TYPE.xaPrepare,
    EVENT_TYPE.transactionPayload,
    EVENT_TYPE.mariadbQueryCompressed,
  ],
  gtid: [EVENT_TYPE.mysqlGtid, EVENT_TYPE.mysqlTaggedGtid, EVENT_TYPE.mariadbGtid],
  format: [EVENT_TYPE.formatDescription],
  heartbeat: [EVENT_TYPE.heartbeat, EVENT_TYPE.heartbeatV2],
  "file-end": [EVENT_TYPE.rotate, EVENT_TYPE.stop],
  skip: [
    EVENT_TYPE.ignorable,
    EVENT_TYPE.rowsQuery,
    EVENT_TYPE.mysqlPreviousGtids,
    EVENT_TYPE.mariadbAnnotateRows,
    EVENT_TYPE.mariadbBinlogCheckpoint,
    EVENT_TYPE.mariadbGtidList,
  ],
};

const ROLE_BY_TYPE = rolesByType();

/** The writer's word that a reader who does not know the type may leave the event out. */
const IGNORABLE_FLAG = 0x80;

/** The role of an event; `unsupported` for everything that is not known and not marked as ignorable. */
export function eventRole(event: BinlogEvent): EventRole {
  const role = ROLE_BY_TYPE[event.type] ?? "unsupported";
  return role === "unsupported" && (event.flags & IGNORABLE_FLAG) !== 0 ? "skip" : role;
}

function rolesByType(): readonly EventRole[] {
  const roles: EventRole[] = Array.from({ length: 256 }, () => "unsupported");
  for (const role of ["data", "gtid", "format", "heartbeat", "file-end", "skip"] as const) {
    for (const type of ROLES[role]) roles[type] = role;
  }
  return roles;
}
