import { ServerError, type ReplaySession } from "@understudy/applier";
import type { BinlogEvent } from "@understudy/binlog";
import type { ComparedRows, StagedRows } from "./comparison.ts";
import { comparisonSql, STAGED_NUMBER } from "./comparison.ts";
import { Conflict } from "./conflict.ts";
import { countRows } from "./row-counter.ts";
import { asInsert, isWhole } from "./rows-event.ts";
import type { RowsSegment } from "./rows-segment.ts";
import { quoted } from "./table-columns.ts";
import { redirectTableMap, type TableMap } from "./table-map.ts";
import type { TableKey, TableShape } from "./table-shape.ts";

const SCHEMA = "understudy";
const PREFIX = "quarantine_staging_";

/** Why rows could not be compared. */
export type Uncompared = { readonly reason: string };

interface StagingTable {
  readonly name: string;
  lastNumber: string;
}

/**
 * Puts the rows of errant transactions beside the master's tables, past its binlog, so that the server itself can compare them: in every
 * type, and without a look into a value here.
 *
 * It has a session of its own, since rows that the session of the transaction itself would stage could not be kept out of the binlog.
 */
export class Staging implements AsyncDisposable {
  readonly #session: ReplaySession;
  readonly #tables = new Map<string, StagingTable>();
  #made = 0;

  private constructor(session: ReplaySession) {
    this.#session = session;
  }

  /** Makes the session one that leaves no trace in the binlog; drops what a crash has left behind. The schema `understudy` must be there. */
  static async open(session: ReplaySession): Promise<Staging> {
    await session.ask("SET sql_log_bin=0");
    const staging = new Staging(session);
    await staging.#dropAll();
    return staging;
  }

  /** The format of the rows that come next. */
  format(event: BinlogEvent): Promise<void> {
    return this.#session.format(event);
  }

  /** Stages rows of one table and kind, and has `asker`, the session of the transaction, compare them. */
  async compare(
    segment: RowsSegment,
    options: {
      readonly asker: ReplaySession;
      readonly shape: TableShape;
      readonly columns: StagedRows["columns"];
      readonly key: TableKey;
    },
  ): Promise<ComparedRows | Uncompared> {
    const { map } = segment;
    const [first] = segment.rows;
    if (first === undefined || first.kind === "partial-update" || !segment.rows.every(isWhole)) {
      return { reason: "the events do not hold whole rows" };
    }
    try {
      const table = await this.#table(map, options.shape);
      const name = `${SCHEMA}.${table.name}`;
      const staged = redirectTableMap(map, { database: SCHEMA, table: table.name });
      await this.#session.rows(segment.eventsAs(staged, asInsert));
      const number = quoted(STAGED_NUMBER);
      const [range] = await this.#session.ask(
        `SELECT COUNT(*), MIN(${number}), MAX(${number}) FROM ${name} WHERE ${number} > ${table.lastNumber}`,
      );
      const [count, from, to] = [Number(range?.[0]), range?.[1] ?? "0", range?.[2] ?? "0"];
      table.lastNumber = to;
      requireAll(segment, count);
      const sql = comparisonSql({
        kind: first.kind,
        staging: name,
        target: `${quoted(map.database)}.${quoted(map.table)}`,
        key: options.key,
        columns: options.columns,
        first: from,
        last: to,
      });
      const [row] = await options.asker.ask(sql);
      const [total = 0, present = 0, asBefore = 0, asAfter = 0] = (row ?? []).map(Number);
      return { total, present, asBefore, asAfter };
    } catch (error) {
      // locks are for the transaction to meet
      if (error instanceof ServerError && !LOCKS.has(error.errno)) return { reason: error.message };
      throw error;
    }
  }

  /** The tables that were staged may have changed: what comes next is staged anew. Only between transactions. */
  async forget(): Promise<void> {
    if (this.#tables.size > 0) await this.#dropAll();
  }

  /** Drops what was staged; what a lost session leaves behind, the next one drops. Only after the transaction that compared has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dropAll().then(undefined, () => undefined);
  }

  async #table(map: TableMap, shape: TableShape): Promise<StagingTable> {
    const target = `${quoted(map.database)}.${quoted(map.table)}`;
    const known = this.#tables.get(target);
    if (known) return known;
    this.#made += 1;
    const name = `${PREFIX}${this.#made}`;
    const columns = shape.columns.map((column) => quoted(column.name)).join(", ");
    // the types only, so without keys, counters, checks and what generates values
    await this.#session.ask(
      `CREATE TABLE ${SCHEMA}.${name} ENGINE=InnoDB SELECT ${columns} FROM ${target} LIMIT 0`,
    );
    await this.#session.ask(
      `ALTER TABLE ${SCHEMA}.${name} ADD COLUMN ${quoted(STAGED_NUMBER)} BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY`,
    );
    const table = { name, lastNumber: "0" };
    this.#tables.set(target, table);
    return table;
  }

  async #dropAll(): Promise<void> {
    this.#tables.clear();
    const left = await this.#session.ask(
      `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${SCHEMA}' AND LEFT(TABLE_NAME, ${PREFIX.length}) = '${PREFIX}'`,
    );
    for (const [name] of left)
      await this.#session.ask(`DROP TABLE IF EXISTS ${SCHEMA}.${quoted(name ?? "")}`);
  }
}

/** That the server leaves out no row is the least that must hold before the same is done to the table itself. */
function requireAll(segment: RowsSegment, staged: number): void {
  const perRow = segment.rows[0]?.kind === "update" ? 2 : 1;
  let expected = 0;
  for (const rows of segment.rows) {
    const count = countRows(rows, segment.map);
    if (count === null) return;
    expected += count * perRow;
  }
  if (staged === expected) return;
  const table = `${segment.map.database}.${segment.map.table}`;
  throw new Conflict("unsupported", `the server took ${staged} of ${expected} rows`, { table });
}

const LOCKS: ReadonlySet<number> = new Set([1205, 1213]);
