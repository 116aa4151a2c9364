// SQL in every place of the row endpoints where a client's text goes: as a name it names nothing, as a value it is stored as it is.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, type Answer, type ClusterNode } from "../src/index.ts";
import { rawRequest } from "./raw-request.ts";
import type { Unharmed } from "./unharmed.ts";
import { watchMaster } from "./watch-master.ts";

/** At most 64 characters each, so that none is refused for its length. */
const PAYLOADS = [
  "t; DROP TABLE shop.canary",
  "t`; DROP TABLE shop.canary; -- x",
  "t``; DROP TABLE shop.canary; -- x",
  "t` WHERE 1=1 OR `a`=`a",
  "`t`",
  "t' OR '1'='1",
  "t'; DELETE FROM shop.canary WHERE '1'='1",
  't" OR "1"="1',
  "t\\",
  "t\\'; DROP TABLE shop.canary; -- x",
  "t\\`; DROP TABLE shop.canary; -- x",
  "t) VALUES (1); DROP TABLE shop.canary; -- x",
  "t, shop.canary",
  "shop`.`canary",
  "shop.canary",
  "t/* */",
  "t/*!50000 ; DROP TABLE shop.canary */",
  "t -- x",
  "t # x",
  "t\n; DROP TABLE shop.canary",
  "t\u0000; DROP TABLE shop.canary",
  "1 UNION SELECT password FROM mysql.user",
  "(SELECT SLEEP(2))",
  "@@global.read_only",
  "?",
  ":name",
  "@",
  "$&",
  "$1",
  "%",
  "_",
  "*",
  "../../etc/passwd",
  "%60; DROP TABLE shop.canary",
  // what once was a quote after a careless conversion of character sets
  "t\u00bf\u0027 OR 1=1",
  "t\u8a91' OR 1=1 -- x",
  "t\uff07 OR 1=1",
  "tʼ OR 1=1",
] as const;

const REFUSALS = new Set([
  "invalid-request",
  "unknown-database",
  "unknown-table",
  "unknown-column",
  "sql-syntax",
  "invalid-value",
  "forbidden",
]);

const t = { database: "shop", table: "t" } as const;

/** Every name of every row endpoint, as a request that holds a given text there. All are refused: nothing is called so. */
const NAMES: Readonly<Record<string, (name: string) => readonly [path: string, body: object]>> = {
  "dropdb: name": (name) => ["/dropdb", { name }],
  "createdb: charset": (charset) => ["/createdb", { name: "fresh", charset }],
  "createdb: collation": (collation) => ["/createdb", { name: "fresh", collation }],
  "createtable: database": (database) => ["/createtable", { database, table: "fresh", columns: "id INT" }],
  "createtable: columns as text": (text) => [
    "/createtable",
    { database: "shop", table: "fresh", columns: text },
  ],
  "createtable: a type": (type) => [
    "/createtable",
    { database: "shop", table: "fresh", columns: [{ name: "id", type }] },
  ],
  "createtable: the end of a type": (text) => [
    "/createtable",
    { database: "shop", table: "fresh", columns: [{ name: "id", type: `INT ${text}` }] },
  ],
  "droptable: database": (database) => ["/droptable", { database, table: "t" }],
  "droptable: table": (table) => ["/droptable", { database: "shop", table }],
  "insert: database": (database) => ["/insert", { database, table: "t", record: { a: "1" } }],
  "insert: table": (table) => ["/insert", { database: "shop", table, record: { a: "1" } }],
  "insert: column": (column) => ["/insert", { ...t, record: { [column]: "1" } }],
  "insert: column of one of several records": (column) => [
    "/insert",
    { ...t, records: [{ a: "1" }, { [column]: "1" }] },
  ],
  "insert: column, with onDuplicate": (column) => [
    "/insert",
    { ...t, record: { [column]: "1" }, onDuplicate: "update" },
  ],
  "insert: column, ignoring duplicates": (column) => [
    "/insert",
    { ...t, record: { [column]: "1" }, onDuplicate: "ignore" },
  ],
  "update: database": (database) => ["/update", { database, table: "t", set: { a: "1" }, all: true }],
  "update: table": (table) => ["/update", { database: "shop", table, set: { a: "1" }, all: true }],
  "update: column in set": (column) => ["/update", { ...t, set: { [column]: "1" }, all: true }],
  "update: column in where": (column) => ["/update", { ...t, set: { a: "1" }, where: { [column]: "1" } }],
  "delete: database": (database) => ["/delete", { database, table: "t", all: true }],
  "delete: table": (table) => ["/delete", { database: "shop", table, all: true }],
  "delete: column in where": (column) => ["/delete", { ...t, where: { [column]: { $ne: "x" } } }],
  "select: database": (database) => ["/select", { database, table: "t" }],
  "select: table": (table) => ["/select", { database: "shop", table }],
  "select: column": (column) => ["/select", { ...t, columns: [column] }],
  "select: column in where": (column) => ["/select", { ...t, where: { [column]: "1" } }],
  "select: column in orderBy": (column) => ["/select", { ...t, orderBy: [{ column }] }],
  "select: direction": (direction) => ["/select", { ...t, orderBy: [{ column: "a", direction }] }],
  "query: database": (database) => ["/query", { sql: "SELECT 1", database }],
  "execute: database": (database) => ["/execute", { sql: "DELETE FROM t", database }],
  "batch: database": (database) => ["/batch", { statements: [{ sql: "DELETE FROM t" }], database }],
  "batch: isolation": (isolation) => ["/batch", { statements: [{ sql: "DELETE FROM shop.t" }], isolation }],
  "insert: tag of a value": ($type) => ["/insert", { ...t, record: { a: { $type, value: "1" } } }],
  "insert: a bigint": (value) => ["/insert", { ...t, record: { a: { $type: "bigint", value } } }],
  "insert: a decimal": (value) => ["/insert", { ...t, record: { a: { $type: "decimal", value } } }],
  "insert: a datetime": (value) => ["/insert", { ...t, record: { a: { $type: "datetime", value } } }],
  "insert: a json value": (value) => ["/insert", { ...t, record: { a: { $type: "json", value } } }],
  "insert: a blob": (value) => ["/insert", { ...t, record: { a: { $type: "blob", value } } }],
  "insert: a number's column": (value) => ["/insert", { ...t, record: { n: value } }],
};

/** The same in `GET /select`, whose text is split at commas and colons. */
const QUERY_STRINGS: Readonly<Record<string, (text: string) => Readonly<Record<string, string>>>> = {
  database: (database) => ({ database, table: "t" }),
  table: (table) => ({ database: "shop", table }),
  columns: (columns) => ({ ...t, columns }),
  where: (where) => ({ ...t, where }),
  "column in where": (column) => ({ ...t, where: JSON.stringify({ [column]: 1 }) }),
  orderBy: (orderBy) => ({ ...t, orderBy }),
  direction: (direction) => ({ ...t, orderBy: `a:${direction}` }),
  limit: (limit) => ({ ...t, limit }),
  offset: (offset) => ({ ...t, offset }),
};

/** Conditions as SQL text may hold any condition, but can't leave the parentheses they are put into. */
const ESCAPING_CONDITIONS = [
  "1=1); DROP TABLE shop.canary; -- x",
  "1=1) OR (1=1",
  "1=1)) OR ((1=1",
  "1=1; DROP TABLE shop.canary",
  "1=1 -- x",
  "1=1 # x",
  "1=1 /* x",
  "1=1 /*! ) */",
  "a = 'x",
  "a = `x",
  'a = "x',
  "a = '\\",
  "(1=1",
  "1=1) UNION SELECT 1, 2, 3 FROM (SELECT 1",
  ")(",
] as const;

/** Conditions that are whole, but would reach beyond the table or wait. Each is refused by the server under its own rules. */
const REACHING_CONDITIONS = [
  "EXISTS (SELECT 1 FROM mysql.user)",
  "a IN (SELECT user FROM mysql.user)",
  "EXISTS (SELECT 1 FROM understudy.cluster)",
] as const;

for (const flavour of testFlavours()) {
  describe(`SQL injection on ${flavour}`, () => {
    let master: ClusterNode;
    let unharmed: Unharmed;

    watchMaster(
      {
        flavour,
        prepare: async (node) => {
          await using connection = await sql(node);
          await connection.query("CREATE DATABASE shop");
          await connection.query("CREATE TABLE shop.canary (a VARCHAR(20) PRIMARY KEY)");
          await connection.query("INSERT INTO shop.canary VALUES ('sings')");
          await connection.query(
            "CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(200) COLLATE utf8mb4_bin, n INT)",
          );
          await connection.query("INSERT INTO shop.t (a, n) VALUES ('first', 1), ('second', 2)");
        },
      },
      (watched) => {
        ({ master, unharmed } = watched);
      },
    );

    it.each(Object.keys(NAMES))("does nothing through %s", async (place) => {
      for (const payload of PAYLOADS) {
        const [path, body] = NAMES[place]?.(payload) ?? ["", {}];
        expectRefused(await master.post(path, body), payload);
      }
    });

    it.each(Object.keys(QUERY_STRINGS))("does nothing through %s of GET /select", async (place) => {
      for (const payload of PAYLOADS) {
        const query = new URLSearchParams(QUERY_STRINGS[place]?.(payload));
        expectRefused(await master.get(`/select?${query.toString()}`), payload);
      }
    });

    it("does nothing through the paths of /databases", async () => {
      for (const payload of PAYLOADS) {
        const name = encodeURIComponent(payload);
        for (const path of [
          `/databases/${name}`,
          `/databases/${name}/tables`,
          `/databases/shop/tables/${name}`,
        ]) {
          const answer = await rawRequest(master, { path });
          expect([400, 404], `${path}: ${answer.text}`).toContain(answer.status);
          expect(["invalid-request", "not-found"]).toContain(answer.body["code"]);
        }
      }
    });

    it.each(ESCAPING_CONDITIONS)("keeps the condition %j inside its parentheses", async (condition) => {
      const where = { sql: condition };
      for (const [path, body] of [
        ["/select", { ...t, where }],
        ["/update", { ...t, set: { n: 5 }, where }],
        ["/delete", { ...t, where }],
      ] as const) {
        const answer = await master.post(path, body);
        expect(`${answer.status} ${String(answer.body["code"])}`, answer.text).toBe("400 invalid-request");
      }
    });

    it.each(REACHING_CONDITIONS)(
      "refuses the condition %j, which reads what clients may not",
      async (condition) => {
        const where = { sql: condition };
        for (const [path, body] of [
          ["/select", { ...t, where }],
          ["/update", { ...t, set: { n: 5 }, where }],
          ["/delete", { ...t, where }],
        ] as const) {
          const answer = await master.post(path, body);
          expect(`${answer.status} ${String(answer.body["code"])}`, answer.text).toBe("403 forbidden");
        }
      },
    );

    it("stores SQL as a value as it is, and finds, changes and deletes just that row by it", async () => {
      for (const payload of PAYLOADS) {
        const inserted = await master.post("/insert", { ...t, record: { a: payload, n: 0 } });
        expect(inserted.status, inserted.text).toBe(201);
        for (const where of [
          { a: payload },
          { a: { $in: [payload] } },
          { a: { $eq: payload, $ne: "first" } },
          { sql: "a = ?", params: [payload] },
          { sql: "a = :text", params: { text: payload } },
        ]) {
          const { body } = await master.post("/select", { ...t, columns: ["a", "n"], where });
          expect(body["rows"], payload).toEqual([{ a: payload, n: 0 }]);
        }
        const queried = await master.post("/query", {
          sql: "SELECT ? AS a, :x AS b".replace(":x", "?"),
          params: [payload, payload],
        });
        expect(queried.body["rows"], queried.text).toEqual([{ a: payload, b: payload }]);
        const updated = await master.post("/update", {
          ...t,
          set: { a: `${payload}!` },
          where: { a: payload },
        });
        expect(updated.body, updated.text).toMatchObject({ affectedRows: 1 });
        const deleted = await master.post("/delete", { ...t, where: { a: `${payload}!` } });
        expect(deleted.body, deleted.text).toMatchObject({ affectedRows: 1 });
      }
      expect(await rowsOf(master, "SELECT a, n FROM shop.t")).toEqual([
        { a: "first", n: 1 },
        { a: "second", n: 2 },
      ]);
      await unharmed.accept();
    });

    it("takes SQL as a default value and as a name of its own, where quoted names may be anything", async () => {
      const database = "a`b'; DROP TABLE shop.canary; -- ";
      const name = database.trimEnd();
      const column = 'c`d"e.f g\\';
      const table = { database: name, table: "`; DROP TABLE shop.canary" };
      expect((await master.post("/createdb", { name })).status).toBe(201);
      const columns = [
        { name: "id", type: "INT", primaryKey: true },
        { name: column, type: "VARCHAR(100)", default: "'); DROP TABLE shop.canary; -- \\" },
      ];
      const created = await master.post("/createtable", { ...table, columns });
      expect(created.status, created.text).toBe(201);
      expect((await master.post("/insert", { ...table, record: { id: 1 } })).status).toBe(201);
      const selected = await master.post("/select", { ...table, where: { [column]: { $like: "%canary%" } } });
      expect(selected.body["rows"], selected.text).toEqual([
        { id: 1, [column]: "'); DROP TABLE shop.canary; -- \\" },
      ]);
      const path = `/databases/${encodeURIComponent(name)}/tables/${encodeURIComponent(table.table)}`;
      expect((await master.get(path)).body).toMatchObject({ database: name, table: table.table });
      expect((await master.post("/droptable", table)).status).toBe(200);
      expect((await master.post("/dropdb", { name })).status).toBe(200);
      await unharmed.accept();
    });
  });
}

function expectRefused(answer: Answer, payload: string): void {
  expect(answer.status, `${payload}: ${answer.text.slice(0, 500)}`).toBeGreaterThanOrEqual(400);
  expect(answer.status, `${payload}: ${answer.text.slice(0, 500)}`).toBeLessThan(500);
  expect(REFUSALS, `${payload}: ${answer.text.slice(0, 500)}`).toContain(answer.body["code"]);
}
