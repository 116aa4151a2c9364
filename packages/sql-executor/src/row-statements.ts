import {
  UnderstudyError,
  type CreateDatabaseRequest,
  type CreateTableRequest,
  type DeleteRequest,
  type DropDatabaseRequest,
  type DropTableRequest,
  type InsertRequest,
  type InputValue,
  type SelectRequest,
  type ReadOptions,
  type UpdateRequest,
  type WriteOptions,
} from "@understudy/protocol";
import { quoteName } from "./quote-name.ts";
import { buildColumns, requireColumns } from "./table-definition.ts";
import { buildWhere } from "./where-clause.ts";

/** A request's fields that its statement is made of. */
type StatementOf<Request> = Omit<Request, keyof WriteOptions | keyof ReadOptions>;

/** A built statement: `?` for each value. */
export interface BuiltStatement {
  readonly sql: string;
  readonly params: InputValue[];
}

/**
 * All rows of one INSERT. A row that lacks a column of another row gets that column's default. `onDuplicate: "ignore"`
 * leaves the existing row as it is, and unlike INSERT IGNORE forgives nothing else. Throws `invalid-request`.
 */
export function buildInsert(request: StatementOf<InsertRequest>): BuiltStatement {
  const records = recordsOf(request);
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const names = columns.map(quoteName);
  const params: InputValue[] = [];
  const rows = records.map((record) => {
    const cells = columns.map((column) => {
      const value = Object.hasOwn(record, column) ? record[column] : undefined;
      if (value === undefined) return "DEFAULT";
      params.push(value);
      return "?";
    });
    return `(${cells.join(", ")})`;
  });
  const sql = `INSERT INTO ${tableName(request)} (${names.join(", ")}) VALUES ${rows.join(", ")}`;
  return { sql: sql + onDuplicate(request.onDuplicate, names), params };
}

/** Throws `missing-where`, `invalid-request`. */
export function buildUpdate(request: StatementOf<UpdateRequest>): BuiltStatement {
  const columns = Object.keys(request.set);
  if (columns.length === 0) throw new UnderstudyError("invalid-request", "set names no column");
  const assignments = columns.map((column) => `${quoteName(column)} = ?`).join(", ");
  const where = requireWhere(request);
  return {
    sql: `UPDATE ${tableName(request)} SET ${assignments}${where.sql}`,
    params: [...Object.values(request.set), ...where.params],
  };
}

/** Throws `missing-where`, `invalid-request`. */
export function buildDelete(request: StatementOf<DeleteRequest>): BuiltStatement {
  const where = requireWhere(request);
  const limit = request.limit === undefined ? "" : ` LIMIT ${count(request.limit, "limit")}`;
  return { sql: `DELETE FROM ${tableName(request)}${where.sql}${limit}`, params: where.params };
}

/** Throws `invalid-request`. */
export function buildSelect(request: StatementOf<SelectRequest>): BuiltStatement {
  const columns = request.columns?.map(quoteName).join(", ") ?? "*";
  const where = buildWhere(request.where);
  const orderBy = request.orderBy
    ?.map(({ column, direction }) => `${quoteName(column)} ${direction === "desc" ? "DESC" : "ASC"}`)
    .join(", ");
  const parts = [
    `SELECT ${columns} FROM ${tableName(request)}`,
    ...(where ? [`WHERE ${where.sql}`] : []),
    ...(orderBy ? [`ORDER BY ${orderBy}`] : []),
    `LIMIT ${count(request.limit, "limit")} OFFSET ${count(request.offset, "offset")}`,
  ];
  return { sql: parts.join(" "), params: where?.params ?? [] };
}

/** Throws `invalid-request`. */
export function buildCreateDatabase(request: StatementOf<CreateDatabaseRequest>): BuiltStatement {
  const { charset, collation } = request;
  const parts = [
    `CREATE DATABASE ${request.ifNotExists ? "IF NOT EXISTS " : ""}${quoteName(request.name)}`,
    ...(charset === undefined ? [] : [`CHARACTER SET ${plainWord(charset, "charset")}`]),
    ...(collation === undefined ? [] : [`COLLATE ${plainWord(collation, "collation")}`]),
  ];
  return { sql: parts.join(" "), params: [] };
}

/** Throws `invalid-request`. */
export function buildDropDatabase(request: StatementOf<DropDatabaseRequest>): BuiltStatement {
  return {
    sql: `DROP DATABASE ${request.ifExists ? "IF EXISTS " : ""}${quoteName(request.name)}`,
    params: [],
  };
}

/** Throws `invalid-request`. */
export function buildCreateTable(request: StatementOf<CreateTableRequest>): BuiltStatement {
  const { columns } = request;
  if (typeof columns === "string") requireColumns(columns);
  const built = typeof columns === "string" ? { sql: columns, params: [] } : buildColumns(columns);
  const ifNotExists = request.ifNotExists ? "IF NOT EXISTS " : "";
  return { sql: `CREATE TABLE ${ifNotExists}${tableName(request)} (${built.sql})`, params: built.params };
}

/** Throws `invalid-request`. */
export function buildDropTable(request: StatementOf<DropTableRequest>): BuiltStatement {
  return { sql: `DROP TABLE ${request.ifExists ? "IF EXISTS " : ""}${tableName(request)}`, params: [] };
}

function tableName({ database, table }: { readonly database: string; readonly table: string }): string {
  return `${quoteName(database)}.${quoteName(table)}`;
}

function recordsOf({
  record,
  records,
}: Pick<InsertRequest, "record" | "records">): readonly Readonly<Record<string, InputValue>>[] {
  if ((record === undefined) === (records === undefined)) {
    throw new UnderstudyError("invalid-request", "give exactly one of record and records");
  }
  const found = records ?? (record === undefined ? [] : [record]);
  if (found.length === 0) throw new UnderstudyError("invalid-request", "records is empty");
  return found;
}

function onDuplicate(what: InsertRequest["onDuplicate"] | undefined, names: readonly string[]): string {
  const [first] = names;
  if (first === undefined || what === undefined || what === "error") return "";
  if (what === "ignore") return ` ON DUPLICATE KEY UPDATE ${first} = ${first}`;
  return ` ON DUPLICATE KEY UPDATE ${names.map((name) => `${name} = VALUES(${name})`).join(", ")}`;
}

function requireWhere({ where, all }: Pick<UpdateRequest, "where" | "all">): BuiltStatement {
  const built = buildWhere(where);
  if (built) return { sql: ` WHERE ${built.sql}`, params: built.params };
  if (all) return { sql: "", params: [] };
  throw new UnderstudyError(
    "missing-where",
    "without where this would change every row; add a condition, or all: true when that is meant",
  );
}

function count(value: number, name: string): string {
  if (Number.isSafeInteger(value) && value >= 0) return String(value);
  throw new UnderstudyError("invalid-request", `${name} is not a count`);
}

/** Names of character sets and collations can't be quoted everywhere, so they have to be plain. */
function plainWord(value: string, name: string): string {
  if (/^[A-Za-z0-9_]{1,64}$/.test(value)) return value;
  throw new UnderstudyError("invalid-request", `${name} is not the name of one`);
}
