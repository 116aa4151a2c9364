import type { TSchema } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { BatchAnswer, ExecuteAnswer, InsertAnswer, QueryAnswer, TableDescription } from "./data-answers.ts";

const position = "7:0-1-100";
const columns = [{ name: "id", type: "BIGINT UNSIGNED", nullable: false, charset: null }];

const receipt = { position, acks: ["slave-1"], retries: 0, timeMs: 3.25 };

const query = {
  columns,
  rows: [{ id: "18446744073709551615" }],
  rowCount: 1,
  position,
  node: "slave-1",
  role: "slave",
  lagMs: 0.5,
  timeMs: 1,
};

const CASES: readonly (readonly [name: string, schema: TSchema, answer: object])[] = [
  ["rows as objects", QueryAnswer, query],
  ["rows as arrays", QueryAnswer, { ...query, rows: [["18446744073709551615"], [null]] }],
  ["no rows, on the master", QueryAnswer, { ...query, rows: [], rowCount: 0, role: "master", lagMs: null }],
  ["an insert without AUTO_INCREMENT", InsertAnswer, { affectedRows: 1, insertId: null, ...receipt }],
  [
    "a change with warnings",
    ExecuteAnswer,
    {
      affectedRows: 2,
      insertId: "18446744073709551615",
      warnings: [{ level: "Warning", errno: 1265, message: "Data truncated" }],
      ...receipt,
    },
  ],
  [
    "a batch with a query among its changes",
    BatchAnswer,
    {
      results: [
        { columns, rows: [["1"]], rowCount: 1 },
        { affectedRows: 1, insertId: null, warnings: [] },
      ],
      ...receipt,
    },
  ],
  [
    "a table",
    TableDescription,
    {
      database: "shop",
      table: "orders",
      columns: [
        { name: "id", type: "bigint unsigned", nullable: false, default: null, key: "PRI", extra: "" },
      ],
      indexes: [{ name: "PRIMARY", unique: true, columns: ["id"] }],
      rowsEstimate: null,
      createStatement: "CREATE TABLE ...",
    },
  ],
];

describe("answers", () => {
  it.each(CASES)("carry %s", (_name, schema, answer) => {
    expect(Value.Check(schema, answer)).toBe(true);
  });

  it("carry large numbers as text only", () => {
    expect(Value.Check(InsertAnswer, { affectedRows: 1, insertId: 7, ...receipt })).toBe(false);
  });

  it("never confirm a write without its position", () => {
    const { position: _position, ...rest } = receipt;
    expect(Value.Check(InsertAnswer, { affectedRows: 1, insertId: null, ...rest })).toBe(false);
    expect(Value.Check(BatchAnswer, { results: [], ...rest })).toBe(false);
  });

  it("have no nested values in rows", () => {
    expect(Value.Check(QueryAnswer, { ...query, rows: [{ id: { nested: 1 } }] })).toBe(false);
    expect(Value.Check(QueryAnswer, { ...query, rows: [{ id: true }] })).toBe(false);
  });
});
