import { UnderstudyError, type ColumnDefinition, type InputValue } from "@understudy/protocol";
import { requireBalanced } from "./balanced-sql.ts";
import { quoteName } from "./quote-name.ts";
import type { BuiltStatement } from "./row-statements.ts";
import { SqlLexer } from "./sql-lexer.ts";

const TYPE_WORDS = new Set(
  (
    "BIT BOOL BOOLEAN TINYINT SMALLINT MEDIUMINT INT INTEGER BIGINT INT1 INT2 INT3 INT4 INT8 MIDDLEINT DECIMAL DEC NUMERIC FIXED NUMBER " +
    "FLOAT FLOAT4 FLOAT8 DOUBLE REAL PRECISION DATE TIME DATETIME TIMESTAMP YEAR CHAR CHARACTER VARCHAR VARCHARACTER VARYING " +
    "NATIONAL NCHAR NVARCHAR BINARY VARBINARY TINYBLOB BLOB MEDIUMBLOB LONGBLOB TINYTEXT TEXT MEDIUMTEXT LONGTEXT LONG " +
    "ENUM SET JSON UUID INET4 INET6 VECTOR SERIAL GEOMETRY POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON " +
    "GEOMETRYCOLLECTION GEOMCOLLECTION UNSIGNED SIGNED ZEROFILL CHARSET COLLATE ASCII UNICODE BYTE SRID REF_SYSTEM_ID " +
    "INVISIBLE COMPRESSED"
  ).split(" "),
);
/** After these comes a name of the server's choosing. */
const BEFORE_NAME = new Set(["CHARSET", "COLLATE", "SET"]);
const NEEDS_PARENTHESES =
  /^\s*(?:TINY|MEDIUM|LONG)?(?:TEXT|BLOB)|^\s*(?:JSON|GEOMETRY|POINT|LINESTRING|POLYGON)/i;
/** Reserved words, so that no column is called so without backticks. */
const INSTEAD_OF_COLUMNS = new Set("SELECT WITH TABLE VALUES LIKE".split(" "));
const NOW = /^(?:CURRENT_TIMESTAMP|NOW)(?:\((\d?)\))?$/i;

/** The definitions of a new table's columns, with `?` for default values. Throws `invalid-request`. */
export function buildColumns(columns: readonly ColumnDefinition[]): BuiltStatement {
  const params: InputValue[] = [];
  const parts = columns.map((column) => {
    const words = [quoteName(column.name), checkedType(column.type)];
    if (column.nullable !== undefined) words.push(column.nullable ? "NULL" : "NOT NULL");
    if (column.default !== undefined) words.push(defaultOf(column, column.default, params));
    if (column.autoIncrement === true) words.push("AUTO_INCREMENT");
    if (column.unique === true) words.push("UNIQUE");
    return words.join(" ");
  });
  const key = columns.filter(({ primaryKey }) => primaryKey === true).map(({ name }) => quoteName(name));
  if (key.length > 0) parts.push(`PRIMARY KEY (${key.join(", ")})`);
  return { sql: parts.join(", "), params };
}

/** `CURRENT_TIMESTAMP` is a value of a time column only as a function. */
function defaultOf(column: ColumnDefinition, value: InputValue, params: InputValue[]): string {
  const now =
    typeof value === "string" && /^\s*(?:DATETIME|TIMESTAMP)/i.test(column.type) ? NOW.exec(value) : null;
  if (now) return `DEFAULT CURRENT_TIMESTAMP${now[1] ? `(${now[1]})` : ""}`;
  params.push(value);
  return NEEDS_PARENTHESES.test(column.type) ? "DEFAULT (?)" : "DEFAULT ?";
}

/**
 * Lets pass the text of column and key definitions. A query or LIKE in their place would make a table of another one. Throws
 * `invalid-request`.
 */
export function requireColumns(text: string): void {
  requireBalanced(text, "columns");
  const lexer = new SqlLexer(text);
  lexer.next();
  if (lexer.kind === "quoted-name" || (lexer.kind === "word" && !INSTEAD_OF_COLUMNS.has(lexer.word))) return;
  throw new UnderstudyError("invalid-request", "columns has to begin with the name of a column");
}

/** Lets pass a type such as `VARCHAR(255) CHARACTER SET utf8mb4` or `ENUM('a','b')`, and nothing that is more than a type. */
function checkedType(type: string): string {
  const lexer = new SqlLexer(type);
  let depth = 0;
  let before = "";
  let count = 0;
  while (lexer.next()) {
    const { kind, word, value } = lexer;
    const first = count++ === 0;
    if (kind === "word") {
      const isName = !first && BEFORE_NAME.has(before) && /^[A-Za-z0-9_]+$/.test(value);
      if (depth > 0 || (!isName && !TYPE_WORDS.has(word))) throw notAType(type, value);
    } else if (kind === "punctuation") {
      if (value === "(" && !first) depth++;
      else if (value === ")" && depth > 0) depth--;
      else if (value !== "," || depth === 0) throw notAType(type, value);
      if (depth > 1) throw notAType(type, value);
    } else if (kind === "number") {
      if (depth === 0 && before !== "SRID") throw notAType(type, value);
    } else if (kind !== "string" || depth === 0) throw notAType(type, value);
    before = word;
  }
  if (count === 0 || depth > 0 || lexer.commentCount > 0 || type.includes("\u0000"))
    throw notAType(type, type);
  return type.trim();
}

function notAType(type: string, token: string): UnderstudyError {
  return new UnderstudyError(
    "invalid-request",
    `${JSON.stringify(type.slice(0, 100))} is not a column type: ${JSON.stringify(token.slice(0, 40))} does not belong into one`,
  );
}
