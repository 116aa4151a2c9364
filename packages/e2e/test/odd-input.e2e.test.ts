// What is unusual but right: names, values and requests that have to be taken and come back as they are.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { rawRequest, sendText } from "./raw-request.ts";
import { errorsInLog } from "./unharmed.ts";

const t = { database: "shop", table: "t" } as const;

const NAMES = [
  "with space",
  "with.dot",
  "with/slash",
  "with\\backslash",
  "with`backtick",
  "``",
  "with'quote",
  'with"quotes"',
  "with;semicolon",
  "with--comment",
  "with#hash",
  "with?mark",
  "with:name",
  "with%percent%20",
  "with@at",
  "with,comma",
  "with\ttab",
  "with\nnewline",
  " leading",
  "-",
  "..",
  "0",
  "1e5",
  "select",
  "NULL",
  "constructor",
  "toString",
  "名前",
  "Ünïcödé",
  "e\u0301",
  "\u00a0",
  "\u200b",
  "x".repeat(64),
  "ü".repeat(64),
] as const;

const TEXTS = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\\",
  "\\'",
  "'",
  "''",
  '"',
  "`",
  "\n\r\t\b\f\u001a\u007f",
  "%_",
  "?:name@x",
  "🎭🇩🇪👩‍👩‍👧‍👦",
  "\u202egnp.exe",
  "\ufeffBOM",
  "\ufffd\uffff",
  "null",
  "true",
  "1e999",
  "{}",
  "__proto__",
  "x".repeat(1000),
] as const;

for (const flavour of testFlavours()) {
  describe(`odd input on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 0 });
      master = cluster.master;
      expect((await master.post("/createdb", { name: "shop" })).status).toBe(201);
      const columns =
        "id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(2000) COLLATE utf8mb4_bin DEFAULT 'none', n BIGINT UNSIGNED, d DOUBLE";
      expect((await master.post("/createtable", { ...t, columns })).status).toBe(201);
    });

    afterAll(async () => {
      try {
        expect(await errorsInLog(master)).toEqual([]);
      } finally {
        await cluster[Symbol.asyncDispose]();
      }
    });

    async function insertAndRead(record: object): Promise<Record<string, unknown>> {
      const inserted = await master.post("/insert", { ...t, record });
      expect(inserted.status, inserted.text).toBe(201);
      const where = { id: Number(inserted.body["insertId"]) };
      const { body, text } = await master.post("/select", { ...t, where });
      expect(body["rowCount"], text).toBe(1);
      return (body["rows"] as Record<string, unknown>[])[0] ?? {};
    }

    it.each(NAMES)("takes %j for a table's and a column's name", async (name) => {
      const table = { database: "shop", table: name };
      const columns = [
        { name: "id", type: "INT", primaryKey: true },
        { name, type: "INT" },
      ].slice(name === "id" ? 1 : 0);
      const created = await master.post("/createtable", { ...table, columns });
      expect(created.status, created.text).toBe(201);
      expectProblem(await master.post("/createtable", { ...table, columns }), "409 already-exists");
      const inserted = await master.post("/insert", { ...table, record: { id: 1, [name]: 5 } });
      expect(inserted.status, inserted.text).toBe(201);
      const orderBy = [{ column: name, direction: "desc" }];
      const selected = await master.post("/select", {
        ...table,
        columns: [name],
        where: { [name]: { $gte: 5 } },
        orderBy,
      });
      expect(selected.body["rows"], selected.text).toEqual([{ [name]: 5 }]);
      const updated = await master.post("/update", { ...table, set: { [name]: 6 }, where: { [name]: 5 } });
      expect(updated.body, updated.text).toMatchObject({ affectedRows: 1 });
      const described = await rawRequest(master, {
        path: `/databases/shop/tables/${encodeURIComponent(name)}`,
      });
      expect(described.body, described.text).toMatchObject({
        table: name,
        columns: [{ name: "id" }, { name }],
      });
      const dropped = await master.post("/droptable", table);
      expect(dropped.status, dropped.text).toBe(200);
    });

    // on disk a character may take five bytes, and a file's name ends at 255
    it.each(NAMES.filter((name) => !name.startsWith("üüü")))(
      "takes %j for a database's name",
      async (name) => {
        const created = await master.post("/createdb", { name });
        expect(created.status, created.text).toBe(201);
        expectProblem(await master.post("/createdb", { name }), "409 already-exists");
        expect((await master.post("/createdb", { name, ifNotExists: true })).status).toBe(201);
        expect((await master.get("/databases")).body["databases"]).toContain(name);
        const path = `/databases/${encodeURIComponent(name)}`;
        expect((await rawRequest(master, { path })).body).toMatchObject({ database: name, tableCount: 0 });
        expect((await rawRequest(master, { path: `${path}/tables` })).body).toMatchObject({ tables: [] });
        const asked = await master.post("/query", { sql: "SELECT DATABASE() AS x", database: name });
        expect(asked.body["rows"], asked.text).toEqual([{ x: name }]);
        const dropped = await master.post("/dropdb", { name });
        expect(dropped.status, dropped.text).toBe(200);
      },
    );

    it.each(TEXTS)("stores and finds the text %j as it is", async (text) => {
      expect(await insertAndRead({ a: text })).toMatchObject({ a: text });
      // blanks at the end don't count in a comparison, so there may be others
      const orderBy = [{ column: "id", direction: "desc" }];
      const found = await master.post("/select", {
        ...t,
        columns: ["a"],
        where: { a: text },
        orderBy,
        limit: 1,
      });
      expect(found.body["rows"]).toEqual([{ a: text }]);
      const queried = await master.post("/query", {
        sql: "SELECT ? AS x, :y AS y".replace(":y", "?"),
        params: [text, text],
      });
      expect(queried.body["rows"], queried.text).toEqual([{ x: text, y: text }]);
      const where = encodeURIComponent(JSON.stringify({ a: text }));
      const got = await master.get(
        `/select?database=shop&table=t&columns=a&limit=1&orderBy=id:desc&where=${where}`,
      );
      expect(got.body["rows"], got.text).toEqual([{ a: text }]);
    });

    it.each([
      ["0", "0"],
      ["18446744073709551615", "18446744073709551615"],
      ["9007199254740993", "9007199254740993"],
      ["+7", "7"],
    ])("stores the bigint %s exactly", async (value, wanted) => {
      expect(await insertAndRead({ n: { $type: "bigint", value } })).toMatchObject({ n: wanted });
      expect(await insertAndRead({ n: value })).toMatchObject({ n: wanted });
    });

    it.each([0, -0, 1e-300, 1.7976931348623157e308, 5e-324, 0.1, 1e21, 123456789.125])(
      "stores the double %d exactly",
      async (d) => {
        const { d: stored } = await insertAndRead({ d });
        expect(Number(stored)).toBe(Object.is(d, -0) ? stored : d);
      },
    );

    it("fills what a record leaves out with the column's default, in each record of several", async () => {
      const records = [{ a: "first" }, { n: 1 }, {}, { d: 1.5, a: null }];
      const inserted = await master.post("/insert", { ...t, records });
      expect(inserted.body, inserted.text).toMatchObject({ affectedRows: 4 });
      const first = Number(inserted.body["insertId"]);
      const { body } = await master.post("/select", {
        ...t,
        columns: ["a", "n", "d"],
        where: { id: { $gte: first } },
        orderBy: [{ column: "id" }],
      });
      expect(body["rows"]).toEqual([
        { a: "first", n: null, d: null },
        { a: "none", n: "1", d: null },
        { a: "none", n: null, d: null },
        { a: null, n: null, d: 1.5 },
      ]);
    });

    it("inserts a row of nothing but defaults for an empty record", async () => {
      expect(await insertAndRead({})).toMatchObject({ a: "none", n: null, d: null });
    });

    it("gives columns but no rows for limit 0, and nothing behind the end", async () => {
      const none = await master.post("/select", { ...t, limit: 0 });
      expect(none.body).toMatchObject({
        rowCount: 0,
        rows: [],
        columns: [{ name: "id" }, { name: "a" }, { name: "n" }, { name: "d" }],
      });
      const got = await master.get("/select?database=shop&table=t&limit=0");
      expect(got.body).toMatchObject({ rowCount: 0, rows: [] });
      expect((await master.post("/select", { ...t, offset: 9_000_000_000_000 })).body).toMatchObject({
        rows: [],
      });
    });

    it("takes empty lists where they mean nothing", async () => {
      const queried = await master.post("/query", { sql: "SELECT 'x' AS x", params: [] });
      expect(queried.body["rows"], queried.text).toEqual([{ x: "x" }]);
      expect((await master.post("/query", { sql: "SELECT 'x' AS x", params: {} })).status).toBe(200);
      expect((await master.post("/select", { ...t, orderBy: [], where: {} })).status).toBe(200);
    });

    it("changes nothing where nothing fits, and says so", async () => {
      const where = { a: "nobody has this" };
      expect((await master.post("/update", { ...t, set: { a: "x" }, where })).body).toMatchObject({
        affectedRows: 0,
      });
      expect((await master.post("/delete", { ...t, where })).body).toMatchObject({ affectedRows: 0 });
      const conditions = { a: { $ne: "x", $like: "nobody%", $isNull: false }, id: { $gt: 1, $lt: 0 } };
      expect((await master.post("/delete", { ...t, where: conditions })).body).toMatchObject({
        affectedRows: 0,
      });
    });

    it("gives a column called __proto__ back like any other", async () => {
      const answer = await master.post("/query", { sql: "SELECT 'x' AS `__proto__`, 'y' AS constructor" });
      expect(answer.text).toContain('"rows":[{"__proto__":"x","constructor":"y"}]');
    });

    it("takes a byte order mark before a body as what it is", async () => {
      const answer = await sendText(master, "/query", `\ufeff{"sql":"SELECT 'x' AS x"}`);
      expect(answer.body["rows"], answer.text).toEqual([{ x: "x" }]);
    });

    it("takes a long statement and a long list", async () => {
      const numbers = Array.from({ length: 20_000 }, (_, index) => index);
      const answer = await master.post("/select", { ...t, where: { id: { $in: numbers } }, limit: 1 });
      expect(answer.body, answer.text.slice(0, 300)).toMatchObject({ rowCount: 1 });
      const records = numbers.slice(0, 5000).map((n) => ({ n, a: "many" }));
      expect((await master.post("/insert", { ...t, records })).body).toMatchObject({ affectedRows: 5000 });
      expect((await master.post("/delete", { ...t, where: { a: "many" } })).body).toMatchObject({
        affectedRows: 5000,
      });
    });
  });
}
