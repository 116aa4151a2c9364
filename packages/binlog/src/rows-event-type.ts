import { EVENT_TYPE } from "./event-type.ts";

/** Types of events that hold rows, of any kind and version, on both flavours. */
export const ROWS_EVENT_TYPES: readonly number[] = [
  EVENT_TYPE.writeRowsV1,
  EVENT_TYPE.updateRowsV1,
  EVENT_TYPE.deleteRowsV1,
  EVENT_TYPE.writeRows,
  EVENT_TYPE.updateRows,
  EVENT_TYPE.deleteRows,
  EVENT_TYPE.partialUpdateRows,
  EVENT_TYPE.mariadbWriteRowsCompressedV1,
  EVENT_TYPE.mariadbUpdateRowsCompressedV1,
  EVENT_TYPE.mariadbDeleteRowsCompressedV1,
  EVENT_TYPE.mariadbWriteRowsCompressed,
  EVENT_TYPE.mariadbUpdateRowsCompressed,
  EVENT_TYPE.mariadbDeleteRowsCompressed,
];

const ROWS: ReadonlySet<number> = new Set(ROWS_EVENT_TYPES);

/** True for the type of an event that holds rows. */
export function isRowsEvent(type: number): boolean {
  return ROWS.has(type);
}
