import {
  UnderstudyError,
  type DatabaseDescription,
  type TableDescription,
  type TablesAnswer,
} from "@understudy/protocol";
import { HIDDEN_SCHEMAS } from "./accounts.ts";
import { quoteName } from "./quote-name.ts";
import type { TableName } from "./sql-executor.ts";
import type { SqlRow, SqlSession } from "./sql-session.ts";

const HIDDEN = [...HIDDEN_SCHEMAS, "information_schema"].map((name) => `'${name}'`).join(",");

/** User databases, sorted. */
export async function listDatabases(session: SqlSession): Promise<string[]> {
  const rows = await session.rows(
    `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (${HIDDEN}) ORDER BY SCHEMA_NAME`,
  );
  return rows.map((row) => text(row, "name"));
}

/** Throws `not-found`. */
export async function describeDatabase(session: SqlSession, database: string): Promise<DatabaseDescription> {
  const [schema] = await session.rows(
    `SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA
     WHERE SCHEMA_NAME = ? AND SCHEMA_NAME NOT IN (${HIDDEN})`,
    [database],
  );
  if (!schema) throw noDatabase(database);
  const [sizes] = await session.rows(
    `SELECT COUNT(*) AS tables_, CAST(COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS DOUBLE) AS bytes
     FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?`,
    [database],
  );
  return {
    database,
    charset: text(schema, "charset"),
    collation: text(schema, "collation"),
    tableCount: Number(sizes?.["tables_"]),
    sizeBytes: Number(sizes?.["bytes"]),
  };
}

/** Throws `not-found` for an unknown database. */
export async function listTables(session: SqlSession, database: string): Promise<TablesAnswer> {
  await requireDatabase(session, database);
  const rows = await session.rows(
    `SELECT t.TABLE_NAME AS name, t.TABLE_TYPE AS kind, t.ENGINE AS engine, t.TABLE_ROWS AS row_count,
       t.DATA_LENGTH + t.INDEX_LENGTH AS bytes, EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS c
         WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY') AS has_key
     FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = ? ORDER BY t.TABLE_NAME`,
    [database],
  );
  return {
    database,
    tables: rows.map((row) => ({
      name: text(row, "name"),
      kind: text(row, "kind").includes("VIEW") ? ("view" as const) : ("table" as const),
      engine: textOrNull(row, "engine"),
      rowsEstimate: numberOrNull(row, "row_count"),
      sizeBytes: numberOrNull(row, "bytes"),
      hasPrimaryKey: Number(row["has_key"]) === 1,
    })),
  };
}

/** Throws `not-found`. */
export async function describeTable(session: SqlSession, name: TableName): Promise<TableDescription> {
  const { database, table } = name;
  const [found] = await session.rows(
    `SELECT TABLE_ROWS AS row_count FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND TABLE_SCHEMA NOT IN (${HIDDEN})`,
    [database, table],
  );
  if (!found)
    throw new UnderstudyError("not-found", `there is no table ${table} in the database ${database}`);
  const columns = await session.rows(
    `SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, IS_NULLABLE AS nullable, COLUMN_DEFAULT AS default_,
       COLUMN_KEY AS key_, EXTRA AS extra
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [database, table],
  );
  const parts = await session.rows(
    `SELECT INDEX_NAME AS name, NON_UNIQUE AS non_unique, COLUMN_NAME AS column_
     FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
    [database, table],
  );
  const [created] = await session.rows(`SHOW CREATE TABLE ${quoteName(database)}.${quoteName(table)}`);
  return {
    database,
    table,
    columns: columns.map((row) => ({
      name: text(row, "name"),
      type: text(row, "type"),
      nullable: text(row, "nullable") === "YES",
      default: textOrNull(row, "default_"),
      key: text(row, "key_"),
      extra: text(row, "extra"),
    })),
    indexes: gatherIndexes(parts),
    rowsEstimate: numberOrNull(found, "row_count"),
    createStatement: String(created?.["Create Table"] ?? created?.["Create View"] ?? ""),
  };
}

/** Base tables of user databases that have neither a primary key nor a unique key without NULLs: they apply by scan. */
export async function tablesWithoutPrimaryKey(session: SqlSession): Promise<TableName[]> {
  const rows = await session.rows(
    `SELECT t.TABLE_SCHEMA AS schema_, t.TABLE_NAME AS table_ FROM information_schema.TABLES t
     WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA NOT IN (${HIDDEN}) AND NOT EXISTS (
       SELECT 1 FROM information_schema.TABLE_CONSTRAINTS c WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA
         AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY')
     ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME`,
  );
  return rows.map((row) => ({ database: text(row, "schema_"), table: text(row, "table_") }));
}

/** Base tables of user databases whose engine has no transactions. */
export async function nonTransactionalTables(
  session: SqlSession,
): Promise<(TableName & { readonly engine: string })[]> {
  const rows = await session.rows(
    `SELECT t.TABLE_SCHEMA AS schema_, t.TABLE_NAME AS table_, t.ENGINE AS engine FROM information_schema.TABLES t
     JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
     WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA NOT IN (${HIDDEN}) AND (e.TRANSACTIONS IS NULL OR e.TRANSACTIONS <> 'YES')
     ORDER BY t.TABLE_SCHEMA, t.TABLE_NAME`,
  );
  return rows.map((row) => ({
    database: text(row, "schema_"),
    table: text(row, "table_"),
    engine: text(row, "engine"),
  }));
}

async function requireDatabase(session: SqlSession, database: string): Promise<void> {
  const rows = await session.rows(
    `SELECT 1 AS found FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ? AND SCHEMA_NAME NOT IN (${HIDDEN})`,
    [database],
  );
  if (rows.length === 0) throw noDatabase(database);
}

function gatherIndexes(parts: readonly SqlRow[]): TableDescription["indexes"] {
  const indexes = new Map<string, { name: string; unique: boolean; columns: string[] }>();
  for (const row of parts) {
    const name = text(row, "name");
    const index = indexes.get(name) ?? { name, unique: Number(row["non_unique"]) === 0, columns: [] };
    // Null for an index on an expression.
    index.columns.push(textOrNull(row, "column_") ?? "(expression)");
    indexes.set(name, index);
  }
  return [...indexes.values()];
}

function noDatabase(database: string): UnderstudyError {
  return new UnderstudyError("not-found", `there is no database ${database}`);
}

function text(row: SqlRow, column: string): string {
  return String(row[column] ?? "");
}

function textOrNull(row: SqlRow, column: string): string | null {
  const value = row[column] ?? null;
  return value === null ? null : String(value);
}

function numberOrNull(row: SqlRow, column: string): number | null {
  const value = row[column] ?? null;
  return value === null ? null : Number(value);
}
