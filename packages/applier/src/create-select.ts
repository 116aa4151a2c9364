import { backticked, decodeQueryEvent, EVENT_TYPE, type BinlogEvent } from "@understudy/binlog";
import { unsupported, type LongTransaction } from "./long-transaction.ts";
import { withMappedTable } from "./rows-event.ts";

const STAGING_TABLE = "understudy_create_select";
/** As the server itself writes it into the binlog; the name in backticks or, with ANSI_QUOTES, in quotes. */
const CREATE_TABLE =
  /^CREATE (OR REPLACE )?TABLE (?:IF NOT EXISTS )?(?:(`(?:[^`]|``)+`|"(?:[^"]|"")+")\.)?(`(?:[^`]|``)+`|"(?:[^"]|"")+")/;
const GENERATED_COLUMN = /\bGENERATED ALWAYS AS\b|\bAS \(/i;

const NO_BACKSLASH_ESCAPES = 1n << 20n;

/** Drops what a session that was lost between two steps has left behind. */
export async function dropStagingTables(
  ask: (sql: string) => Promise<readonly (string | null)[][]>,
): Promise<void> {
  const tables = await ask(
    `SELECT table_schema FROM information_schema.tables WHERE table_name='${STAGING_TABLE}'`,
  );
  if (tables.length === 0) return;
  await ask("SET sql_log_bin=0");
  for (const [schema] of tables) {
    await ask(`DROP TABLE IF EXISTS ${backticked(schema ?? "")}.${STAGING_TABLE}`);
  }
  await ask("SET sql_log_bin=1");
}

/** The server writes this text itself: in utf8 and with backslashes, whatever the client's session was. (Native replication errs here.) */
export function asServerWrote(settings: Map<string, string>): void {
  settings.set("character_set_client", "utf8mb4");
  const mode = settings.get("sql_mode") ?? "0";
  if (/^\d+$/.test(mode)) settings.set("sql_mode", String(BigInt(mode) & ~NO_BACKSLASH_ESCAPES));
}

/** True for the text that MariaDB writes for the table of a CREATE TABLE … SELECT. */
export function isCreateTable(sql: Buffer): boolean {
  return CREATE_TABLE.test(sql.toString("latin1", 0, Math.min(sql.length, 1024)));
}

/**
 * MariaDB's `CREATE TABLE … SELECT` is one transaction: the CREATE and the rows under one GTID. A client cannot repeat that as it
 * stands, since CREATE commits by itself. So the rows first go to a staging table past the binlog, and then one
 * `CREATE TABLE … SELECT` from there does it under the GTID, at once and whole.
 */
export class CreateSelect {
  readonly #event: BinlogEvent;
  readonly #gtid: string;
  readonly #long: LongTransaction;
  readonly #sql: Buffer;
  readonly #schema: Buffer;

  constructor(options: {
    readonly event: BinlogEvent;
    readonly gtid: string;
    readonly long: LongTransaction;
  }) {
    this.#event = options.event;
    this.#gtid = options.gtid;
    this.#long = options.long;
    const { sql, schema } = decodeQueryEvent(options.event);
    // beyond the life of the delivery's chunk
    this.#sql = Buffer.from(sql);
    this.#schema = Buffer.from(schema);
  }

  /** Makes the staging table. Throws `binlog-unsupported` for generated columns, whose values cannot be written. */
  open(): void {
    const text = this.#sql.toString("latin1");
    if (GENERATED_COLUMN.test(text)) {
      throw unsupported(this.#gtid, "its CREATE TABLE … SELECT has generated columns");
    }
    const head = CREATE_TABLE.exec(text)?.[0] ?? "";
    this.#long.forgetReplay();
    this.#long.enter(this.#event, this.#schema, asServerWrote);
    this.#long.statement("SET sql_log_bin=0");
    this.#long.bytes([
      `CREATE OR REPLACE TABLE ${this.#staging()}`,
      Buffer.from(text.slice(head.length), "latin1"),
    ]);
    this.#long.statement("START TRANSACTION");
  }

  /** Table maps lead to the staging table. */
  redirect(event: BinlogEvent): BinlogEvent {
    return event.type === EVENT_TYPE.tableMap ? withMappedTable(event, STAGING_TABLE) : event;
  }

  /** Makes the table itself, with all its rows, under the GTID. */
  publish(gtidSql: string): void {
    this.#long.statement("COMMIT");
    this.#long.statement("SET sql_log_bin=1");
    this.#long.enter(this.#event, this.#schema, asServerWrote);
    this.#long.statement(gtidSql);
    this.#long.bytes([this.#sql, ` SELECT * FROM ${this.#staging()}`]);
  }

  cleanUp(): void {
    this.#long.statement("SET sql_log_bin=0");
    this.#long.statement(`DROP TABLE ${this.#staging()}`);
    this.#long.statement("SET sql_log_bin=1");
  }

  /** The table's own schema may be named in the text, and is where the rows go. */
  #staging(): string {
    const match = CREATE_TABLE.exec(this.#sql.toString("latin1"));
    const schema = match?.[2];
    return schema === undefined ? STAGING_TABLE : `${schema}.${STAGING_TABLE}`;
  }
}
