// Requests that are right, and what can't stand in each of their fields.

export const shop = { database: "shop", table: "items" } as const;

/** A request of each kind that would be carried out: every bad one differs from it in one thing. */
export const GOOD = {
  "/createdb": { name: "fresh" },
  "/dropdb": { name: "shop" },
  "/createtable": { database: "shop", table: "fresh", columns: "id INT" },
  "/droptable": shop,
  "/insert": { ...shop, record: { id: 9, name: "nine" } },
  "/update": { ...shop, set: { price: 9 }, where: { id: 1 } },
  "/delete": { ...shop, where: { id: 1 } },
  "/select": shop,
  "/query": { sql: "SELECT 1" },
  "/execute": { sql: "DELETE FROM shop.items" },
  "/batch": { statements: [{ sql: "DELETE FROM shop.items" }] },
} as const satisfies Record<string, Record<string, unknown>>;

export type Path = keyof typeof GOOD;
export const PATHS = Object.keys(GOOD) as Path[];

const NO_NAMES = ["", 1, null, {}, [], true, "ends in a space ", "with\u0000nul", "n".repeat(65)];
const NO_BOOLEANS = ["true", 1, null, {}];
const NO_COUNTS = ["5", 1.5, -1, null, {}, 1e300];
const NO_RECORDS = ["id=1", 1, null, [], [1], { id: { nested: 1 } }, { id: [1] }, { id: { $type: "blob" } }];
const NO_SQL = ["", 1, null, {}, ["SELECT 1"]];
const NO_PARAMS = [
  "1",
  1,
  null,
  [{}],
  [[1]],
  { a: [1] },
  [{ $type: "money", value: "1" }],
  [{ $type: "blob", value: 1 }],
];

/** What can't stand in each field. */
export const WRONG: Record<Path, Record<string, readonly unknown[]>> = {
  "/createdb": {
    name: NO_NAMES,
    ifNotExists: NO_BOOLEANS,
    charset: ["", 1, null, "a b"],
    collation: [1, "x;"],
  },
  "/dropdb": { name: NO_NAMES, ifExists: NO_BOOLEANS },
  "/createtable": {
    database: NO_NAMES,
    table: NO_NAMES,
    columns: [
      "",
      1,
      null,
      {},
      [],
      ["id INT"],
      [{ name: "id" }],
      [{ type: "INT" }],
      [{ name: "id", type: "INT", size: 4 }],
      [{ name: "id", type: "" }],
      [{ name: "id", type: 1 }],
      [{ name: "id", type: "INT", nullable: "no" }],
      [{ name: "id", type: "INT", primaryKey: 1 }],
      [{ name: "id", type: "INT", default: [] }],
    ],
    ifNotExists: NO_BOOLEANS,
  },
  "/droptable": { database: NO_NAMES, table: NO_NAMES, ifExists: NO_BOOLEANS },
  "/insert": {
    database: NO_NAMES,
    table: NO_NAMES,
    record: NO_RECORDS,
    records: [{}, 1, null, "x", [], [1], [null], [[]]],
    onDuplicate: ["replace", "", 1, null],
  },
  "/update": {
    database: NO_NAMES,
    table: NO_NAMES,
    set: [...NO_RECORDS, {}],
    where: [
      "1=1",
      1,
      null,
      [],
      { id: { $regex: "." } },
      { id: {} },
      { id: [1] },
      { id: { $in: [] } },
      { sql: "" },
    ],
    all: NO_BOOLEANS,
  },
  "/delete": {
    database: NO_NAMES,
    table: NO_NAMES,
    where: [
      "1=1",
      1,
      null,
      [],
      { id: { $gt: {} } },
      { id: { $in: 1 } },
      { id: { $like: 1 } },
      { id: { $isNull: 1 } },
    ],
    limit: [...NO_COUNTS, 0],
    all: NO_BOOLEANS,
  },
  "/select": {
    database: NO_NAMES,
    table: NO_NAMES,
    columns: ["id", [], [1], [""], [null], {}],
    where: ["1=1", 1, null, [], { id: { $or: [] } }, { sql: "1=1", more: {} }],
    orderBy: [
      "id",
      [1],
      ["id"],
      [{ column: "id", direction: "up" }],
      [{ direction: "asc" }],
      { column: "id" },
    ],
    limit: [...NO_COUNTS, 100_001],
    offset: NO_COUNTS,
  },
  "/query": {
    sql: NO_SQL,
    params: NO_PARAMS,
    database: NO_NAMES,
    rows: ["csv", "", 1, null],
    maxRows: [...NO_COUNTS, 0],
    timeoutMs: [...NO_COUNTS, 0, 3_600_001],
  },
  "/execute": { sql: NO_SQL, params: NO_PARAMS, database: NO_NAMES, timeoutMs: [...NO_COUNTS, 0] },
  "/batch": {
    statements: [
      [],
      {},
      "SELECT 1",
      null,
      ["SELECT 1"],
      [{}],
      [{ sql: "" }],
      [{ sql: "SELECT 1", timeoutMs: 5 }],
    ],
    database: NO_NAMES,
    isolation: ["snapshot", "", 1, null, "READ-COMMITTED"],
    timeoutMs: [...NO_COUNTS, 0],
  },
};
