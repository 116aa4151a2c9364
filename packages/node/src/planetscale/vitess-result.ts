import type { Column, OutputValue } from "@understudy/protocol";

/** A column as Vitess describes it. */
export interface VitessField {
  readonly name: string;
  /** `INT64`, `VARCHAR` … */
  readonly type: string;
  /** Collation id; 63 for what is no text. */
  readonly charset: number;
  /** As in MySQL's protocol. */
  readonly flags: number;
}

/** A row as Vitess' HTTP interface carries it: the texts of all its values in a row, in base64, and how long each is. */
export interface VitessRow {
  /** Bytes of each value; -1 for NULL. */
  readonly lengths: string[];
  readonly values: string;
}

const BINARY_COLLATION = 63;
/** utf8mb4_0900_ai_ci, which Vitess names for text. */
const TEXT_COLLATION = 255;
const FLAG = { notNull: 1, unsigned: 32, binary: 128, number: 32_768 } as const;

const INTEGERS: ReadonlyMap<string, string> = new Map([
  ["TINYINT", "INT8"],
  ["SMALLINT", "INT16"],
  ["MEDIUMINT", "INT24"],
  ["INT", "INT32"],
  ["BIGINT", "INT64"],
]);
const OTHER_NUMBERS: ReadonlyMap<string, string> = new Map([
  ["FLOAT", "FLOAT32"],
  ["DOUBLE", "FLOAT64"],
  ["DECIMAL", "DECIMAL"],
  ["YEAR", "YEAR"],
]);
/** What Vitess calls by the same name. */
const SAME_NAMES: ReadonlySet<string> = new Set(
  "TIMESTAMP DATE TIME DATETIME JSON ENUM SET CHAR VARCHAR BINARY VARBINARY BIT VECTOR GEOMETRY".split(" "),
);
/** Whose values the executor hands out in base64. The names of shapes are MariaDB's. */
const BINARY_TYPES: ReadonlySet<string> = new Set(
  (
    "BINARY VARBINARY TINYBLOB BLOB MEDIUMBLOB LONGBLOB BIT VECTOR GEOMETRY " +
    "POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION"
  ).split(" "),
);

/** Text without a collation of its own. JSON is binary in MySQL's protocol. */
const WITHOUT_COLLATION: ReadonlySet<string> = new Set([
  "TIMESTAMP",
  "DATE",
  "TIME",
  "DATETIME",
  "JSON",
  "NULL",
]);

/** How Vitess describes the column. */
export function vitessField({ name, type, nullable }: Column): VitessField {
  const [base = type] = type.split(" ");
  const isUnsigned = type.endsWith(" UNSIGNED");
  const integer = INTEGERS.get(base);
  const number = integer === undefined ? OTHER_NUMBERS.get(base) : isUnsigned ? `U${integer}` : integer;
  const isText = number === undefined && !BINARY_TYPES.has(base) && !WITHOUT_COLLATION.has(base);
  const flags =
    (nullable ? 0 : FLAG.notNull) |
    (isUnsigned ? FLAG.unsigned : 0) |
    (isText ? 0 : FLAG.binary) |
    (number === undefined ? 0 : FLAG.number);
  return {
    name,
    type: number ?? otherTypeOf(base),
    charset: isText ? TEXT_COLLATION : BINARY_COLLATION,
    flags,
  };
}

function otherTypeOf(type: string): string {
  if (SAME_NAMES.has(type)) return type;
  if (type === "NULL") return "NULL";
  if (type.endsWith("TEXT")) return "TEXT";
  if (type.endsWith("BLOB")) return "BLOB";
  // shapes, and MariaDB's own types (UUID, INET6 …), whose values are text
  return BINARY_TYPES.has(type) ? "GEOMETRY" : "CHAR";
}

/** The row's values as the texts that the database server has for them, bytes as they are. */
export function vitessRow(columns: readonly Column[], row: readonly OutputValue[]): VitessRow {
  const lengths: string[] = [];
  const parts: Buffer[] = [];
  for (const [index, column] of columns.entries()) {
    const value = row[index] ?? null;
    if (value === null) {
      lengths.push("-1");
      continue;
    }
    const bytes = Buffer.from(String(value), BINARY_TYPES.has(column.type) ? "base64" : "utf8");
    lengths.push(String(bytes.length));
    parts.push(bytes);
  }
  return { lengths, values: Buffer.concat(parts).toString("base64") };
}
