// Requests that don't fit: each is refused with the code that the error table has for it, and harms nothing.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem, type Refusal } from "./expect-problem.ts";
import { rawRequest, sendText } from "./raw-request.ts";
import { Unharmed } from "./unharmed.ts";

const shop = { database: "shop", table: "items" } as const;

/** A request of each kind that would be carried out: every bad one differs from it in one thing. */
const GOOD = {
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

type Path = keyof typeof GOOD;
const PATHS = Object.keys(GOOD) as Path[];

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
const WRONG: Record<Path, Record<string, readonly unknown[]>> = {
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

const WRONG_FIELDS = PATHS.flatMap((path) =>
  Object.entries(WRONG[path]).flatMap(([field, values]) =>
    values.map((value) => [path, field, JSON.stringify(value).slice(0, 60), value] as const),
  ),
);
const MISSING_FIELDS: readonly (readonly [Path, string])[] = [
  ["/createdb", "name"],
  ["/dropdb", "name"],
  ["/createtable", "database"],
  ["/createtable", "table"],
  ["/createtable", "columns"],
  ["/droptable", "database"],
  ["/droptable", "table"],
  ["/insert", "database"],
  ["/insert", "table"],
  ["/insert", "record"],
  ["/update", "database"],
  ["/update", "table"],
  ["/update", "set"],
  ["/delete", "database"],
  ["/delete", "table"],
  ["/select", "database"],
  ["/select", "table"],
  ["/query", "sql"],
  ["/execute", "sql"],
  ["/batch", "statements"],
];

const NO_JSON = [
  "{",
  '{"name": }',
  "nope",
  "{'name': 'x'}",
  '{"name": "x",}',
  '{"name": "x"} {}',
  '{"a": "\\uZZZZ"}',
  '{"a": 01}',
  '{"a": NaN}',
  '"\n"',
];
const NO_OBJECT = ["null", "[]", "1", '"text"', "true", "[{}]"];

/** What the schema can't know: title, path, body, refusal. */
const REFUSED: readonly (readonly [string, Path, Record<string, unknown>, Refusal])[] = [
  ["a database that exists", "/createdb", { name: "shop" }, "409 already-exists"],
  ["a charset that is none", "/createdb", { name: "fresh", charset: "klingon" }, "400 sql-syntax"],
  [
    "a collation that is none",
    "/createdb",
    { name: "fresh", collation: "utf8mb4_klingon" },
    "400 sql-syntax",
  ],
  [
    "a collation of another charset",
    "/createdb",
    { name: "fresh", charset: "latin1", collation: "utf8mb4_bin" },
    "400 sql-syntax",
  ],
  ["a database that is not there", "/dropdb", { name: "nowhere" }, "400 unknown-database"],
  ["the server's own database", "/dropdb", { name: "mysql" }, "403 forbidden"],
  ["the node's own database", "/dropdb", { name: "understudy" }, "403 forbidden"],
  [
    "a table in the node's own database",
    "/createtable",
    { database: "understudy", table: "t", columns: "id INT" },
    "403 forbidden",
  ],
  ["a table that exists", "/createtable", { ...shop, columns: "id INT" }, "409 already-exists"],
  [
    "a table in no database",
    "/createtable",
    { database: "nowhere", table: "t", columns: "id INT" },
    "400 unknown-database",
  ],
  [
    "a type that is none",
    "/createtable",
    { database: "shop", table: "t", columns: "id KLINGON" },
    "400 sql-syntax",
  ],
  [
    "a type that is none, as an object",
    "/createtable",
    { database: "shop", table: "t", columns: [{ name: "id", type: "KLINGON" }] },
    "400 invalid-request",
  ],
  [
    "columns that leave their parentheses",
    "/createtable",
    { database: "shop", table: "t", columns: "id INT) ENGINE=MyISAM; DROP TABLE shop.items; --" },
    "400 invalid-request",
  ],
  [
    "columns with a comment",
    "/createtable",
    { database: "shop", table: "t", columns: "id INT /* ) */" },
    "400 invalid-request",
  ],
  [
    "a type that is more than a type",
    "/createtable",
    { database: "shop", table: "t", columns: [{ name: "id", type: "INT, x INT" }] },
    "400 invalid-request",
  ],
  [
    "the same column twice",
    "/createtable",
    {
      database: "shop",
      table: "t",
      columns: [
        { name: "a", type: "INT" },
        { name: "A", type: "INT" },
      ],
    },
    "400 sql-syntax",
  ],
  [
    "AUTO_INCREMENT without a key",
    "/createtable",
    { database: "shop", table: "t", columns: [{ name: "a", type: "INT", autoIncrement: true }] },
    "400 sql-syntax",
  ],
  [
    "a default that does not fit",
    "/createtable",
    { database: "shop", table: "t", columns: [{ name: "a", type: "INT", default: "x" }] },
    "400 sql-syntax",
  ],
  ["a table that is not there", "/droptable", { database: "shop", table: "nothing" }, "400 unknown-table"],
  [
    "both record and records",
    "/insert",
    { ...shop, record: { id: 9 }, records: [{ id: 9 }] },
    "400 invalid-request",
  ],
  [
    "an unknown table",
    "/insert",
    { database: "shop", table: "nothing", record: { id: 1 } },
    "400 unknown-table",
  ],
  [
    "an unknown column",
    "/insert",
    { ...shop, record: { id: 9, name: "x", colour: "red" } },
    "400 unknown-column",
  ],
  [
    "a row whose primary key is there",
    "/insert",
    { ...shop, record: { id: 1, name: "new" } },
    "409 duplicate-key",
  ],
  ["a row whose unique key is there", "/insert", { ...shop, record: { name: "one" } }, "409 duplicate-key"],
  [
    "rows of which the last is a duplicate",
    "/insert",
    { ...shop, records: [{ name: "x" }, { name: "y" }, { name: "one" }] },
    "409 duplicate-key",
  ],
  ["text that is too long", "/insert", { ...shop, record: { name: "x".repeat(21) } }, "422 invalid-value"],
  ["a number out of range", "/insert", { ...shop, record: { name: "x", tiny: 256 } }, "422 invalid-value"],
  [
    "a negative number for UNSIGNED",
    "/insert",
    { ...shop, record: { name: "x", tiny: -1 } },
    "422 invalid-value",
  ],
  ["a number that is text", "/insert", { ...shop, record: { name: "x", tiny: "many" } }, "422 invalid-value"],
  ["an empty text as number", "/insert", { ...shop, record: { name: "x", tiny: "" } }, "422 invalid-value"],
  [
    "a decimal out of range",
    "/insert",
    { ...shop, record: { name: "x", price: { $type: "decimal", value: "123456.78" } } },
    "422 invalid-value",
  ],
  [
    "a day that is none",
    "/insert",
    { ...shop, record: { name: "x", at: "2026-02-30" } },
    "422 invalid-value",
  ],
  [
    "a time of JavaScript's with a Z as datetime",
    "/insert",
    { ...shop, record: { name: "x", at: { $type: "datetime", value: "2026-01-01T00:00:00Z" } } },
    "422 invalid-value",
  ],
  [
    "a blob that is not base64",
    "/insert",
    { ...shop, record: { name: "x", raw: { $type: "blob", value: "%%%" } } },
    "422 invalid-value",
  ],
  [
    "a bigint over 64 bits",
    "/insert",
    { ...shop, record: { name: "x", tiny: { $type: "bigint", value: "18446744073709551616" } } },
    "422 invalid-value",
  ],
  [
    "a bigint that is text",
    "/insert",
    { ...shop, record: { name: "x", tiny: { $type: "bigint", value: "1 OR 1=1" } } },
    "422 invalid-value",
  ],
  [
    "an ENUM member that is none",
    "/insert",
    { ...shop, record: { name: "x", size: "huge" } },
    "422 invalid-value",
  ],
  ["NULL in NOT NULL", "/insert", { ...shop, record: { name: null } }, "409 constraint"],
  ["a column without default left out", "/insert", { ...shop, record: { id: 9 } }, "409 constraint"],
  ["a CHECK that fails", "/insert", { ...shop, record: { name: "x", price: -1 } }, "409 constraint"],
  [
    "a foreign key that points nowhere",
    "/insert",
    { database: "shop", table: "orders", record: { item: 77 } },
    "409 constraint",
  ],
  ["no where", "/update", { ...shop, set: { price: 1 } }, "400 missing-where"],
  ["an empty where", "/update", { ...shop, set: { price: 1 }, where: {} }, "400 missing-where"],
  ["all: false and no where", "/update", { ...shop, set: { price: 1 }, all: false }, "400 missing-where"],
  [
    "an unknown column in set",
    "/update",
    { ...shop, set: { colour: 1 }, where: { id: 1 } },
    "400 unknown-column",
  ],
  [
    "an unknown column in where",
    "/update",
    { ...shop, set: { price: 1 }, where: { colour: 1 } },
    "400 unknown-column",
  ],
  [
    "a value that does not fit",
    "/update",
    { ...shop, set: { tiny: 1000 }, where: { id: 1 } },
    "422 invalid-value",
  ],
  [
    "a unique key of another row",
    "/update",
    { ...shop, set: { name: "two" }, where: { id: 1 } },
    "409 duplicate-key",
  ],
  [
    "a comparison with null by >",
    "/update",
    { ...shop, set: { price: 1 }, where: { id: { $gt: null } } },
    "400 invalid-request",
  ],
  [
    "where.sql that leaves its parentheses",
    "/update",
    { ...shop, set: { price: 1 }, where: { sql: "id=1) OR (1=1" } },
    "400 invalid-request",
  ],
  [
    "where.sql with a comment",
    "/update",
    { ...shop, set: { price: 1 }, where: { sql: "id=1 -- x" } },
    "400 invalid-request",
  ],
  [
    "where.sql with too few params",
    "/update",
    { ...shop, set: { price: 1 }, where: { sql: "id=?" } },
    "400 invalid-request",
  ],
  [
    "where.sql with too many params",
    "/update",
    { ...shop, set: { price: 1 }, where: { sql: "id=?", params: [1, 2] } },
    "400 invalid-request",
  ],
  ["no where", "/delete", shop, "400 missing-where"],
  ["an empty where", "/delete", { ...shop, where: {} }, "400 missing-where"],
  ["a limit but no where", "/delete", { ...shop, limit: 1 }, "400 missing-where"],
  ["a row that others point to", "/delete", { ...shop, where: { id: 2 } }, "409 constraint"],
  [
    "an unknown table",
    "/delete",
    { database: "shop", table: "nothing", where: { id: 1 } },
    "400 unknown-table",
  ],
  ["the server's accounts", "/select", { database: "mysql", table: "user" }, "403 forbidden"],
  ["the node's own tables", "/select", { database: "understudy", table: "cluster" }, "403 forbidden"],
  ["an unknown table", "/select", { database: "shop", table: "nothing" }, "400 unknown-table"],
  ["an unknown column", "/select", { ...shop, columns: ["colour"] }, "400 unknown-column"],
  ["an unknown column in where", "/select", { ...shop, where: { colour: 1 } }, "400 unknown-column"],
  [
    "sql and params that are no condition in SQL, and so columns",
    "/select",
    { ...shop, where: { sql: "1=1", params: 1 } },
    "400 unknown-column",
  ],
  [
    "an unknown column in orderBy",
    "/select",
    { ...shop, orderBy: [{ column: "colour" }] },
    "400 unknown-column",
  ],
  ["a star as column: it is a name", "/select", { ...shop, columns: ["*"] }, "400 unknown-column"],
  ["blanks as statement", "/query", { sql: " \n\t " }, "400 invalid-request"],
  ["a semicolon as statement", "/query", { sql: ";" }, "400 invalid-request"],
  ["a comment as statement", "/query", { sql: "/* nothing */" }, "400 invalid-request"],
  ["no SQL", "/query", { sql: "SELEKT 1" }, "400 sql-syntax"],
  ["broken SQL", "/query", { sql: "SELECT FROM WHERE" }, "400 sql-syntax"],
  ["a string that never ends", "/query", { sql: "SELECT 'x" }, "400 sql-syntax"],
  ["a NUL in the statement", "/query", { sql: "SELECT 1\u0000" }, "400 sql-syntax"],
  ["an unknown table", "/query", { sql: "SELECT * FROM shop.nothing" }, "400 unknown-table"],
  ["an unknown column", "/query", { sql: "SELECT colour FROM shop.items" }, "400 unknown-column"],
  ["an unknown database", "/query", { sql: "SELECT 1", database: "nowhere" }, "400 unknown-database"],
  ["a function that is none", "/query", { sql: "SELECT shop.nothing()" }, "400 sql-syntax"],
  ["no database where one is needed", "/query", { sql: "SELECT * FROM items" }, "400 invalid-request"],
  ["too few params", "/query", { sql: "SELECT ?, ?", params: [1] }, "400 invalid-request"],
  ["too many params", "/query", { sql: "SELECT ?", params: [1, 2] }, "400 invalid-request"],
  [
    "a named param that is missing",
    "/query",
    { sql: "SELECT :a, :b", params: { a: 1 } },
    "400 invalid-request",
  ],
  [
    "a named param that nobody asks for",
    "/query",
    { sql: "SELECT :a", params: { a: 1, b: 2 } },
    "400 invalid-request",
  ],
  [
    "a named param that every object has",
    "/query",
    { sql: "SELECT :constructor", params: {} },
    "400 invalid-request",
  ],
  ["more rows than maxRows", "/query", { sql: "SELECT * FROM shop.items", maxRows: 1 }, "413 too-many-rows"],
  [
    "a query over its time",
    "/query",
    { sql: "SELECT SLEEP(20) FROM shop.items", timeoutMs: 100 },
    "504 timeout",
  ],
  ["the accounts of the server", "/query", { sql: "SELECT * FROM mysql.user" }, "403 forbidden"],
  [
    "a write over its time",
    "/execute",
    { sql: "UPDATE shop.items SET price = SLEEP(20)", timeoutMs: 100 },
    "504 timeout",
  ],
  ["a query", "/execute", { sql: "SELECT 1" }, "400 not-allowed"],
  [
    "an unknown database",
    "/execute",
    { sql: "DELETE FROM items", database: "nowhere" },
    "400 unknown-database",
  ],
  ["a table of the server's own", "/execute", { sql: "DELETE FROM mysql.user" }, "403 forbidden"],
];

/** `GET /select`: title, query string, refusal. */
const REFUSED_SELECTS: readonly (readonly [string, string, Refusal])[] = [
  ["nothing", "", "400 invalid-request"],
  ["no table", "?database=shop", "400 invalid-request"],
  ["an empty table", "?database=shop&table=", "400 invalid-request"],
  ["an unknown parameter", "?database=shop&table=items&colour=red", "400 invalid-request"],
  ["the same parameter twice", "?database=shop&table=items&table=orders", "400 invalid-request"],
  ["a limit that is text", "?database=shop&table=items&limit=many", "400 invalid-request"],
  ["a limit below 0", "?database=shop&table=items&limit=-1", "400 invalid-request"],
  ["a limit with a fraction", "?database=shop&table=items&limit=1.5", "400 invalid-request"],
  ["a limit beyond all", "?database=shop&table=items&limit=1e9", "400 invalid-request"],
  ["an empty limit", "?database=shop&table=items&limit=", "400 invalid-request"],
  ["a where that is not JSON", "?database=shop&table=items&where=id=1", "400 invalid-request"],
  ["a where that is a list", "?database=shop&table=items&where=[1]", "400 invalid-request"],
  ["a direction that is none", "?database=shop&table=items&orderBy=id:up", "400 invalid-request"],
  ["an empty column", "?database=shop&table=items&columns=id,,name", "400 invalid-request"],
  ["an unknown column", "?database=shop&table=items&columns=id,colour", "400 unknown-column"],
  ["an unknown table", "?database=shop&table=nothing", "400 unknown-table"],
  ["a NUL in a name", "?database=shop&table=it%00ems", "400 invalid-request"],
];

const NOT_FOUND = [
  "/",
  "/nothing",
  "/insert/",
  "/databases/nowhere",
  "/databases/nowhere/tables",
  "/databases/shop/tables/nothing",
  "/databases/mysql/tables",
  "/databases/mysql/tables/user",
  "/databases/understudy",
  "/databases/information_schema/tables",
  "/databases/shop/tables/items/rows",
] as const;

for (const flavour of testFlavours()) {
  describe(`bad requests to a master on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let unharmed: Unharmed;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 0 });
      master = cluster.master;
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shop");
      await connection.query(
        `CREATE TABLE shop.items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL UNIQUE,
           price DECIMAL(6,2), tiny TINYINT UNSIGNED, at DATETIME, raw BLOB, size ENUM('s', 'l'), CHECK (price >= 0))`,
      );
      await connection.query(
        "CREATE TABLE shop.orders (item INT, FOREIGN KEY (item) REFERENCES shop.items (id))",
      );
      await connection.query("INSERT INTO shop.items (id, name, price) VALUES (1, 'one', 1), (2, 'two', 2)");
      await connection.query("INSERT INTO shop.orders VALUES (2)");
      unharmed = await Unharmed.open(master, flavour);
    });

    afterEach(async () => {
      await unharmed.expectNothingWritten();
    });

    afterAll(async () => {
      try {
        await unharmed.expectUnharmed();
      } finally {
        await unharmed[Symbol.asyncDispose]();
        await cluster[Symbol.asyncDispose]();
      }
    });

    it.each(PATHS)("POST %s refuses text that is not JSON", async (path) => {
      for (const text of NO_JSON) expectProblem(await sendText(master, path, text), "400 invalid-request");
    });

    it.each(PATHS)("POST %s refuses JSON that is not an object, and an empty body", async (path) => {
      for (const text of [...NO_OBJECT, ""]) {
        expectProblem(await sendText(master, path, text), "400 invalid-request");
      }
      expectProblem(await rawRequest(master, { method: "POST", path }), "400 invalid-request");
      expectProblem(await master.post(path, {}), "400 invalid-request");
    });

    it.each(PATHS)("POST %s refuses a field that it does not know and names it", async (path) => {
      const detail = expectProblem(
        await master.post(path, { ...GOOD[path], dryRun: true }),
        "400 invalid-request",
      );
      expect(detail).toContain("dryRun");
    });

    it.each(MISSING_FIELDS)("POST %s refuses a body without %s and names it", async (path, field) => {
      const body = Object.fromEntries(Object.entries(GOOD[path]).filter(([name]) => name !== field));
      expect(expectProblem(await master.post(path, body), "400 invalid-request")).toContain(field);
    });

    it.each(WRONG_FIELDS)("POST %s refuses %s: %s", async (path, field, _shown, value) => {
      expectProblem(await master.post(path, { ...GOOD[path], [field]: value }), "400 invalid-request");
    });

    it.each(REFUSED)("refuses %s at POST %s %j: %s", async (_title, path, body, refusal) => {
      expectProblem(await master.post(path, body), refusal);
    });

    it.each(REFUSED_SELECTS)("refuses %s at GET /select%s: %s", async (_title, query, refusal) => {
      expectProblem(await master.get(`/select${query}`), refusal);
    });

    it.each(NOT_FOUND)("has no %s", async (path) => {
      expectProblem(await master.get(path), "404 not-found");
    });

    it("names the row-carrying endpoint's unknown database", async () => {
      const body = { database: "nowhere", table: "items" };
      for (const [path, rest] of [
        ["/insert", { record: { id: 1 } }],
        ["/update", { set: { id: 1 }, where: { id: 1 } }],
        ["/delete", { where: { id: 1 } }],
        ["/select", {}],
        ["/droptable", {}],
      ] as const) {
        expectProblem(await master.post(path, { ...body, ...rest }), "400 unknown-database");
      }
    });

    it("refuses a body over the limit, and answers although the client is still sending", async () => {
      const record = { id: 9, name: "x".repeat(17 * 1024 * 1024) };
      const body = JSON.stringify({ ...shop, record });
      for (let round = 0; round < 3; round++) {
        expectProblem(await sendText(master, "/insert", body), "413 too-large");
        expectProblem(await master.post("/insert", { ...shop, record }), "413 too-large");
      }
    });

    it("rolls a batch back as a whole and says which statement failed", async () => {
      const insert = { sql: "INSERT INTO shop.items (name) VALUES (?)" };
      for (const [statements, statementIndex, refusal] of [
        [
          [
            { ...insert, params: ["a"] },
            { ...insert, params: ["one"] },
          ],
          1,
          "409 duplicate-key",
        ],
        [[{ ...insert, params: ["a"] }, insert], 1, "400 invalid-request"],
        [[{ ...insert, params: ["a"] }, { sql: "SELECT * FROM shop.nothing" }], 1, "400 unknown-table"],
        [[{ ...insert, params: ["a"] }, { sql: "CREATE TABLE shop.t (id INT)" }], 1, "400 not-allowed"],
        [[{ sql: "TRUNCATE shop.items" }, { ...insert, params: ["a"] }], 0, "400 not-allowed"],
        [[{ ...insert, params: ["a"] }, { sql: "COMMIT" }, { sql: "nonsense" }], 1, "400 not-allowed"],
      ] as const) {
        const answer = await master.post("/batch", { statements });
        expectProblem(answer, refusal);
        expect(answer.body["statementIndex"], answer.text).toBe(statementIndex);
      }
      expect(await rowsOf(master, "SELECT COUNT(*) AS n FROM shop.items")).toEqual([{ n: 2 }]);
    });
  });
}
