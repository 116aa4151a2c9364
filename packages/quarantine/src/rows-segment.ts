import type { BinlogEvent } from "@understudy/binlog";
import type { RowsEvent } from "./rows-event.ts";
import type { TableMap } from "./table-map.ts";

/** So many bytes of rows are compared and applied at once. */
const SEGMENT_BYTES = 1 << 20;

/** Rows in a row that do the same to one table. */
export class RowsSegment {
  readonly map: TableMap;
  readonly #rows: RowsEvent[];
  #bytes: number;

  constructor(map: TableMap, first: RowsEvent) {
    this.map = map;
    this.#rows = [first];
    this.#bytes = first.event.bytes.length;
  }

  get rows(): readonly RowsEvent[] {
    return this.#rows;
  }

  /** The table map and the rows. */
  get events(): readonly BinlogEvent[] {
    return this.eventsAs(this.map.event, (rows) => rows.event);
  }

  /** The same with another table map and other events for the rows; the map stands again wherever a statement has ended. */
  eventsAs(map: BinlogEvent, convert: (rows: RowsEvent) => BinlogEvent): readonly BinlogEvent[] {
    const events = [map];
    for (const [index, rows] of this.#rows.entries()) {
      if (this.#rows[index - 1]?.endsStatement === true) events.push(map);
      events.push(convert(rows));
    }
    return events;
  }

  /** Takes the rows where they belong here; false where they begin another segment. */
  take(map: TableMap, rows: RowsEvent): boolean {
    const [first] = this.#rows;
    const belongs =
      this.#bytes < SEGMENT_BYTES &&
      this.map.tableId === map.tableId &&
      this.map.database === map.database &&
      this.map.table === map.table &&
      first?.kind === rows.kind &&
      first.image.equals(rows.image);
    if (!belongs) return false;
    this.#rows.push(rows);
    this.#bytes += rows.event.bytes.length;
    return true;
  }
}
