import type { ReplaySession } from "@understudy/applier";
import type { BinlogEvent } from "@understudy/binlog";
import type { QuarantineManifest } from "@understudy/protocol";
import { comparableColumns, conflictOfRows } from "./comparison.ts";
import { Conflict } from "./conflict.ts";
import type { RowsSegment } from "./rows-segment.ts";
import type { Staging } from "./staging.ts";
import { readTableShape, type ShapeColumn, type TableShape } from "./table-shape.ts";

/** How wide an integer is shown, which MySQL no longer says. */
const DISPLAY_WIDTH = /^((?:tiny|small|medium|big)?int)\(\d+\)/;

/** Compares and applies rows within the transaction that its session has open. */
export class SegmentPlayer {
  readonly #session: ReplaySession;
  readonly #staging: Staging;
  readonly #known: ReadonlyMap<string, QuarantineManifest["tables"][number]["columns"]>;
  readonly #shapes = new Map<string, TableShape | null>();

  constructor(session: ReplaySession, staging: Staging, manifest: QuarantineManifest) {
    this.#session = session;
    this.#staging = staging;
    this.#known = new Map(
      manifest.tables.map(({ database, table, columns }) => [`${database}.${table}`, columns]),
    );
  }

  /** The format of the rows that come next. */
  async format(event: BinlogEvent): Promise<void> {
    await this.#session.format(event);
    await this.#staging.format(event);
  }

  /** Tables may have changed. Only between transactions. */
  async forgetTables(): Promise<void> {
    this.#shapes.clear();
    await this.#staging.forget();
  }

  /**
   * Applies the rows where the master's are as they should be. Gives the reason where that could not be looked at; then the
   * server alone has judged. Throws `Conflict`, and what the server says.
   */
  async play(segment: RowsSegment): Promise<string | null> {
    const table = `${segment.map.database}.${segment.map.table}`;
    const shape = await this.#shape(segment);
    if (shape === null) throw new Conflict("table-missing", "the table is not there", { table });
    requireSameColumns(segment, shape, this.#known.get(table));
    const unchecked = await this.#compare(segment, shape, table);
    await this.#session.rows(segment.events);
    return unchecked;
  }

  /** Applies rows of a table that was made just before. */
  async playUnseen(segment: RowsSegment, options: { readonly asTheyStand: boolean }): Promise<void> {
    await this.#session.rows(segment.events, options);
  }

  async #compare(segment: RowsSegment, shape: TableShape, table: string): Promise<string | null> {
    const [first] = segment.rows;
    if (first === undefined || first.kind === "partial-update") {
      return `${table}: the binlog holds changes within JSON values, not whole rows`;
    }
    // without a key the server itself looks for a row that is the same in all columns
    if (shape.key === null) return null;
    const columns = comparableColumns(shape, first.image);
    const has = new Set(columns.map(({ name }) => name));
    if (first.columns > shape.columns.length || !shape.key.columns.every((name) => has.has(name))) {
      return `${table}: its rows cannot be told by columns that both sides know`;
    }
    const compared = await this.#staging.compare(segment, {
      asker: this.#session,
      shape,
      columns,
      key: shape.key,
    });
    if ("reason" in compared) return `${table}: ${compared.reason}`;
    const conflict = conflictOfRows(first.kind, compared, table);
    if (conflict) throw conflict;
    return null;
  }

  async #shape({ map }: RowsSegment): Promise<TableShape | null> {
    const name = JSON.stringify([map.database, map.table]);
    const known = this.#shapes.get(name);
    if (known !== undefined) return known;
    const shape = await readTableShape(this.#session, map);
    this.#shapes.set(name, shape);
    return shape;
  }
}

/** Rows are applied by position, so columns that were moved would take each other's values in silence. */
function requireSameColumns(
  { map }: RowsSegment,
  shape: TableShape,
  known: readonly { readonly name: string; readonly type: string }[] | undefined,
): void {
  const table = `${map.database}.${map.table}`;
  if (known === undefined || known.length !== map.types.length) return;
  const differing = known.find((column, index) => !isSameColumn(column, shape.columns[index]));
  if (!differing) return;
  throw new Conflict(
    "table-differs",
    `the table's columns are others than where the rows come from: ${differing.name} ${differing.type} is not in its place`,
    { table },
  );
}

function isSameColumn(
  one: { readonly name: string; readonly type: string },
  other: ShapeColumn | undefined,
): boolean {
  if (other === undefined || one.name !== other.name) return false;
  return one.type.replace(DISPLAY_WIDTH, "$1") === other.columnType.replace(DISPLAY_WIDTH, "$1");
}
