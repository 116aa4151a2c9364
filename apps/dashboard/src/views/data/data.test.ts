import type { TableDescription } from "@understudy/protocol";
import { expect, test } from "vitest";
import { gridRows } from "../../widgets/grid-model.ts";
import { pageRequest } from "./data-requests.ts";
import {
  askedFor,
  DATA,
  enterDatabase,
  enterTable,
  goUp,
  gotRows,
  nextOrder,
  type RowsPage,
} from "./data-state.ts";
import { keyFault, keyOf } from "./row-forms.ts";
import { whereOf } from "./where-text.ts";

const column = (name: string, type: string, key = "") => ({
  name,
  type,
  nullable: true,
  default: null,
  key,
  extra: "",
});

const description: TableDescription = {
  database: "shop",
  table: "orders",
  columns: [column("shop", "int(11)", "PRI"), column("id", "bigint(20)", "PRI"), column("note", "text")],
  indexes: [{ name: "PRIMARY", unique: true, columns: ["id", "shop"] }],
  rowsEstimate: 3,
  createStatement: "",
};
const keyless: TableDescription = { ...description, columns: [column("note", "text")], indexes: [] };

const page: RowsPage = {
  rows: gridRows([{ name: "note", type: "TEXT" }], [{ note: "a" }]),
  offset: 0,
  hasMore: true,
  node: "n",
  role: "slave",
  position: "1:",
  lagMs: null,
  timeMs: 1,
};

for (const [text, where] of [
  ["  ", undefined],
  ["id>=1, name='A or B'", { id: { $gte: 1 }, name: { $eq: "A or B" } }],
  ["name=null", { name: { $isNull: true } }],
  ["id < 5 OR name = 'x'", { sql: "id < 5 OR name = 'x'" }],
  ["name LIKE 'A%'", { sql: "name LIKE 'A%'" }],
  ["a=1 and b=2", { sql: "a=1 and b=2" }],
  ['{"sql": "id < ?", "params": [5]}', { sql: "id < ?", params: [5] }],
] as const) {
  test(`the filter ${JSON.stringify(text)}`, () => expect(whereOf(text)).toEqual({ value: where }));
}

test("a page is asked for in the order of the primary key, behind what was chosen", () => {
  const ask = { where: "", order: { column: "note", isDescending: true }, offset: 200 };
  expect(pageRequest({ database: "shop", description }, ask)).toEqual({
    database: "shop",
    table: "orders",
    where: undefined,
    orderBy: [
      { column: "note", direction: "desc" },
      { column: "id", direction: "asc" },
      { column: "shop", direction: "asc" },
    ],
    limit: 101,
    offset: 200,
  });
  expect(pageRequest({ database: "shop", description: keyless }, { ...ask, order: null }).orderBy).toEqual(
    [],
  );
  expect(() => pageRequest({ database: "shop", description }, { ...ask, where: "{x" })).toThrow("no JSON");
});

test("another filter or order begins at the first page", () => {
  const ask = { where: "", order: null, offset: 300 };
  expect(askedFor(ask, { offset: 400 }).offset).toBe(400);
  expect(askedFor(ask, { where: "id=1" }).offset).toBe(0);
  expect(askedFor(ask, { order: null }).offset).toBe(0);
  const up = nextOrder(null, "a");
  expect([up, nextOrder(up, "a"), nextOrder(nextOrder(up, "a"), "a")]).toEqual([
    { column: "a", isDescending: false },
    { column: "a", isDescending: true },
    null,
  ]);
});

test("an answer that comes late changes nothing elsewhere", () => {
  const there = enterTable(enterDatabase(DATA.initial, "shop"), "orders");
  const got = { ask: there.ask, page, description };
  expect(gotRows(there, there, got).page).toBe(page);
  const elsewhere = enterTable(there, "users");
  expect(gotRows(elsewhere, there, got)).toBe(elsewhere);
  const second = { ...got, ask: askedFor(there.ask, { offset: 100 }) };
  const turned = gotRows({ ...there, grid: { ...there.grid, cursor: 5 } }, there, second);
  expect(turned).toMatchObject({ ask: { offset: 100 }, grid: { cursor: 0 } });
  // the first page's answer, asked for before, comes behind the second's
  expect(gotRows(turned, there, got)).toBe(turned);
  expect(goUp(goUp(turned))).toMatchObject({ database: null, table: null, page: null });
});

test("a row is named by its primary key, whose digits are kept; without one nothing names it", () => {
  const values = { shop: 1, id: "9007199254740993", note: "a" };
  expect(keyOf({ description, values })).toEqual({
    shop: 1,
    id: { $type: "bigint", value: "9007199254740993" },
  });
  expect(keyFault(description)).toBeNull();
  expect(keyFault(keyless)).toContain("has no primary key");
});
