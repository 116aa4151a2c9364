// Requests that don't fit: each is refused with the code that the error table has for it, and harms nothing.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { GOOD, PATHS, shop, WRONG, type Path } from "./misfit-cases.ts";
import { NOT_FOUND, REFUSED, REFUSED_SELECTS } from "./refused-cases.ts";
import { rawRequest, sendText } from "./raw-request.ts";
import { watchMaster } from "./watch-master.ts";

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

for (const flavour of testFlavours()) {
  describe(`bad requests to a master on ${flavour}`, () => {
    let master: ClusterNode;

    watchMaster(
      {
        flavour,
        prepare: async (node) => {
          await using connection = await sql(node);
          await connection.query("CREATE DATABASE shop");
          await connection.query(
            `CREATE TABLE shop.items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL UNIQUE,
           price DECIMAL(6,2), tiny TINYINT UNSIGNED, at DATETIME, raw BLOB, size ENUM('s', 'l'), CHECK (price >= 0))`,
          );
          await connection.query(
            "CREATE TABLE shop.orders (item INT, FOREIGN KEY (item) REFERENCES shop.items (id))",
          );
          await connection.query(
            "INSERT INTO shop.items (id, name, price) VALUES (1, 'one', 1), (2, 'two', 2)",
          );
          await connection.query("INSERT INTO shop.orders VALUES (2)");
        },
      },
      (watched) => {
        master = watched.master;
      },
    );

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
