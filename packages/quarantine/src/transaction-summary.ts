import {
  decodeQueryEvent,
  EVENT_TYPE,
  expandEvent,
  isRowsEvent,
  type BinlogEvent,
  type TransactionHeader,
} from "@understudy/binlog";
import type { Flavour, QuarantinedTable, QuarantinedTransaction } from "@understudy/protocol";
import { isBookkeeping } from "./bookkeeping.ts";
import { countRows } from "./row-counter.ts";
import { parseRowsEvent, type RowsKind } from "./rows-event.ts";
import { parseTableMap, type TableMap } from "./table-map.ts";

const TABLES_MAX = 100;
const STATEMENTS_MAX = 20;
const STATEMENT_CHARACTERS_MAX = 2000;
/** Statements that only hold a transaction together. */
const FRAME = /^(?:BEGIN$|COMMIT$|ROLLBACK|SAVEPOINT |RELEASE |START TRANSACTION|XA )/;

const COUNTED_AS: Readonly<Record<RowsKind, "inserted" | "updated" | "deleted">> = {
  insert: "inserted",
  update: "updated",
  "partial-update": "updated",
  delete: "deleted",
};

/** Gathers what a transaction did, event by event, in memory that does not grow with its rows. */
export class TransactionSummary {
  readonly #flavour: Flavour;
  readonly #maps = new Map<number, TableMap>();
  readonly #tables = new Map<string, QuarantinedTable>();
  readonly #moreTables = new Set<string>();
  readonly #statements: string[] = [];
  #moreStatements = 0;
  #touchesClientData = false;

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }

  /** Takes the next event; a MySQL payload must be expanded before. */
  add(event: BinlogEvent): void {
    if (event.type === EVENT_TYPE.tableMap) {
      const map = parseTableMap(event);
      this.#maps.set(map.tableId, map);
    } else if (isRowsEvent(event.type)) {
      for (const plain of expandEvent(event, this.#flavour)) this.#rows(plain);
    } else if (event.type === EVENT_TYPE.query || event.type === EVENT_TYPE.mariadbQueryCompressed) {
      for (const plain of expandEvent(event, this.#flavour)) this.#statement(plain);
    }
  }

  /** The tables that were touched, at most 100. */
  get tables(): readonly QuarantinedTable[] {
    return [...this.#tables.values()];
  }

  /** The transaction as a whole. */
  result(
    header: TransactionHeader,
    place: { readonly index: number; readonly offset: number; readonly bytes: number },
  ): QuarantinedTransaction {
    return {
      ...place,
      gtid: header.gtid,
      committedAt: new Date(header.committedAtMs).toISOString(),
      isBookkeeping: !this.#touchesClientData,
      tables: [...this.#tables.values()],
      moreTables: this.#moreTables.size,
      statements: [...this.#statements],
      moreStatements: this.#moreStatements,
    };
  }

  #rows(event: BinlogEvent): void {
    const rows = parseRowsEvent(event);
    const map = this.#maps.get(rows.tableId);
    if (map === undefined) {
      // the event that ends a statement without rows has no table
      if (rows.columns > 0 && rows.rows.length > 0) this.#touchesClientData = true;
      return;
    }
    const { database, table } = map;
    if (!isBookkeeping(database, table)) this.#touchesClientData = true;
    const name = JSON.stringify([database, table]);
    const counts = this.#tables.get(name) ?? { database, table, inserted: 0, updated: 0, deleted: 0 };
    if (!this.#tables.has(name) && this.#tables.size >= TABLES_MAX) {
      this.#moreTables.add(name);
      return;
    }
    const column = COUNTED_AS[rows.kind];
    const [before, more] = [counts[column], countRows(rows, map)];
    this.#tables.set(name, { ...counts, [column]: before === null || more === null ? null : before + more });
  }

  #statement(event: BinlogEvent): void {
    const { sql } = decodeQueryEvent(event);
    if (FRAME.test(sql.toString("latin1", 0, 32))) {
      // the second half of an XA transaction has effects of its own
      if (/^XA (?:COMMIT|ROLLBACK)/.test(sql.toString("latin1", 0, 32))) this.#touchesClientData = true;
      else return;
    } else {
      this.#touchesClientData = true;
    }
    if (this.#statements.length >= STATEMENTS_MAX) {
      this.#moreStatements += 1;
      return;
    }
    // a character has at most four bytes; the statement may be in another character set, and is then told as well as can be
    const text = sql.toString("utf8", 0, STATEMENT_CHARACTERS_MAX * 4);
    this.#statements.push(text.slice(0, STATEMENT_CHARACTERS_MAX));
  }
}
