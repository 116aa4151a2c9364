import { EVENT_TYPE, isRowsEvent, type BinlogEvent } from "@understudy/binlog";
import { endsStatement, withStatementEnd } from "./rows-event.ts";

/** Table maps and rows events in a row, waiting to become one `BINLOG` statement. */
export class RowsRun {
  #events: BinlogEvent[] = [];
  /** Table maps of the statement that is under way. */
  #maps: BinlogEvent[] = [];
  #bytes = 0;
  #hasRows = false;
  #statementEnds = 0;
  #isStatementOver = true;
  #tableMaps = 0;
  #lastMap: BinlogEvent | null = null;

  /** Bytes of the events that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return !this.#hasRows;
  }

  /** The last table map seen, for the word on a failure. */
  get tableMap(): BinlogEvent | null {
    return this.#lastMap;
  }

  /** How many table maps wait. */
  get tableMaps(): number {
    return this.#tableMaps;
  }

  /** True where the waiting events are one whole statement. */
  get isOneStatement(): boolean {
    return this.#statementEnds === 1 && this.#isStatementOver;
  }

  /** True after a rows event: only there may a run be cut. */
  get canCut(): boolean {
    const last = this.#events.at(-1);
    return this.#hasRows && last !== undefined && isRowsEvent(last.type);
  }

  add(event: BinlogEvent): void {
    if (event.type === EVENT_TYPE.tableMap) {
      if (this.#isStatementOver) this.#maps = [];
      this.#isStatementOver = false;
      this.#maps.push(event);
      this.#lastMap = event;
      this.#tableMaps += 1;
    } else {
      this.#hasRows = true;
      this.#isStatementOver = endsStatement(event.bytes);
      if (this.#isStatementOver) this.#statementEnds += 1;
    }
    this.#events.push(event);
    this.#bytes += event.bytes.length;
  }

  /**
   * Takes what waits, closed as a statement of its own. Where the master's statement goes on, its table maps open the next part.
   */
  cut(): Buffer[] {
    const last = this.#events.at(-1);
    const taken = this.#events.map((event) => event.bytes);
    if (last && isRowsEvent(last.type)) taken[taken.length - 1] = withStatementEnd(last.bytes);
    this.#events = this.#isStatementOver ? [] : [...this.#maps];
    this.#tableMaps = this.#events.length;
    this.#bytes = 0;
    for (const event of this.#events) this.#bytes += event.bytes.length;
    this.#hasRows = false;
    this.#statementEnds = 0;
    return taken;
  }
}
