import type { TSchema } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import {
  BatchRequest,
  CreateDatabaseRequest,
  CreateTableRequest,
  DeleteRequest,
  DropDatabaseRequest,
  DropTableRequest,
  ExecuteRequest,
  InsertRequest,
  QueryRequest,
  SelectRequest,
  UpdateRequest,
} from "./data-requests.ts";

interface Case {
  readonly schema: TSchema;
  /** With every key that has no default, and none that has one. */
  readonly least: Readonly<Record<string, unknown>>;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly accepted: readonly object[];
  readonly refused: readonly object[];
}

const table = { database: "shop", table: "orders" } as const;

const READ_DEFAULTS = { consistency: "local", waitMs: 5000 } as const;
const WRITE_DEFAULTS = { ackTimeoutMs: 5000 } as const;

const CASES: Readonly<Record<string, Case>> = {
  CreateDatabaseRequest: {
    schema: CreateDatabaseRequest,
    least: { name: "shop" },
    defaults: { ifNotExists: false, ...WRITE_DEFAULTS },
    accepted: [{ charset: "utf8mb4", collation: "utf8mb4_0900_ai_ci" }],
    refused: [{ name: "" }, { name: 7 }, { charset: "utf8mb4; DROP" }, { collation: "" }],
  },
  DropDatabaseRequest: {
    schema: DropDatabaseRequest,
    least: { name: "shop" },
    defaults: { ifExists: false, ...WRITE_DEFAULTS },
    accepted: [{ ifExists: true }],
    refused: [{ name: "x".repeat(65) }, { ifExists: "yes" }],
  },
  CreateTableRequest: {
    schema: CreateTableRequest,
    least: { ...table, columns: "id INT PRIMARY KEY" },
    defaults: { ifNotExists: false, ...WRITE_DEFAULTS },
    accepted: [{ columns: [{ name: "id", type: "INT", primaryKey: true, default: null }] }],
    refused: [
      { columns: "" },
      { columns: [] },
      { columns: [{ name: "id" }] },
      { columns: [{ type: "INT" }] },
    ],
  },
  DropTableRequest: {
    schema: DropTableRequest,
    least: table,
    defaults: { ifExists: false, ...WRITE_DEFAULTS },
    accepted: [{ ifExists: true }],
    refused: [{ table: "trailing " }],
  },
  InsertRequest: {
    schema: InsertRequest,
    least: table,
    defaults: { onDuplicate: "error", ...WRITE_DEFAULTS },
    accepted: [
      { record: { id: 1, note: null, paid: true } },
      { records: [{ id: 1 }, { id: { $type: "bigint", value: "9007199254740993" } }] },
      { record: {}, onDuplicate: "update" },
    ],
    refused: [
      { records: [] },
      { record: { id: [1] } },
      { record: { id: { nested: 1 } } },
      { record: { id: { $type: "date", value: "x" } } },
      { onDuplicate: "replace" },
    ],
  },
  UpdateRequest: {
    schema: UpdateRequest,
    least: { ...table, set: { paid: true } },
    defaults: { all: false, ...WRITE_DEFAULTS },
    accepted: [
      { where: { id: 1, total: { $gt: 5, $lte: 10 } } },
      { where: { sql: "id = ?", params: [1] } },
      { where: { sql: "id = :id", params: { id: 1 } } },
      { all: true },
    ],
    refused: [{ set: {} }, { where: { id: { $regex: "x" } } }, { where: { id: {} } }, { where: "id = 1" }],
  },
  DeleteRequest: {
    schema: DeleteRequest,
    least: table,
    defaults: { all: false, ...WRITE_DEFAULTS },
    accepted: [{ where: { id: { $in: [1, 2] } }, limit: 1 }],
    refused: [{ where: { id: { $in: [] } } }, { limit: 0 }],
  },
  SelectRequest: {
    schema: SelectRequest,
    least: table,
    defaults: { limit: 100, offset: 0, ...READ_DEFAULTS },
    accepted: [{ columns: ["id"], orderBy: [{ column: "id", direction: "desc" }], limit: 0 }],
    refused: [
      { columns: [] },
      { limit: -1 },
      { limit: 100_001 },
      { orderBy: [{ column: "id", direction: "up" }] },
    ],
  },
  QueryRequest: {
    schema: QueryRequest,
    least: { sql: "SELECT 1" },
    defaults: { rows: "objects", maxRows: 10_000, timeoutMs: 30_000, ...READ_DEFAULTS },
    accepted: [
      { params: [1, "two", null] },
      { params: { id: 1 } },
      { database: "shop", rows: "arrays" },
      { consistency: "bounded", maxLagMs: 0 },
      { after: "1:0-1-7", waitMs: 0 },
    ],
    refused: [
      { sql: "" },
      { params: "1" },
      { rows: "maps" },
      { maxRows: 0 },
      { timeoutMs: 0 },
      { consistency: "eventual" },
      { maxLagMs: -1 },
      { after: "" },
      { waitMs: 60_001 },
    ],
  },
  ExecuteRequest: {
    schema: ExecuteRequest,
    least: { sql: "DELETE FROM t" },
    defaults: { timeoutMs: 30_000, ...WRITE_DEFAULTS },
    accepted: [
      { params: [{ $type: "blob", value: "AAECAw==" }] },
      { ack: "async" },
      { ack: "majority" },
      { ack: "all" },
      { ack: 1 },
    ],
    refused: [
      { maxRows: 5 },
      { params: [[1]] },
      { timeoutMs: 3_600_001 },
      { ack: 0 },
      { ack: "some" },
      { ack: "1" },
      { ackTimeoutMs: 0 },
    ],
  },
  BatchRequest: {
    schema: BatchRequest,
    least: { statements: [{ sql: "DELETE FROM t" }] },
    defaults: { timeoutMs: 30_000, ...WRITE_DEFAULTS },
    accepted: [{ isolation: "serializable", database: "shop" }],
    refused: [{ statements: [] }, { statements: ["DELETE FROM t"] }, { isolation: "SERIALIZABLE" }],
  },
};

describe.each(Object.entries(CASES))("%s", (_name, { schema, least, defaults, accepted, refused }) => {
  const complete = (more: object = {}): unknown => ({ ...defaults, ...least, ...more });

  it("fills in its defaults", () => {
    const filled = Value.Default(schema, structuredClone(least));
    expect(filled).toEqual(complete());
    expect(Value.Check(schema, filled)).toBe(true);
  });

  it.each(accepted.map((more) => [JSON.stringify(more), more]))("accepts %s", (_text, more) => {
    expect(Value.Check(schema, complete(more))).toBe(true);
  });

  it.each(refused.map((more) => [JSON.stringify(more), more]))("refuses %s", (_text, more) => {
    expect(Value.Check(schema, complete(more))).toBe(false);
  });

  it("refuses a key that it does not know, and the lack of each that it needs", () => {
    expect(Value.Check(schema, complete({ surprise: 1 }))).toBe(false);
    for (const key of Object.keys(least)) {
      const { [key]: _left, ...rest } = complete() as Record<string, unknown>;
      expect([key, Value.Check(schema, rest)]).toEqual([key, false]);
    }
  });
});
