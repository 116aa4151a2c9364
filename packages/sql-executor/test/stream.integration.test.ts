import { openTestServer, testFlavours, type DatabaseServer } from "@understudy/database-server";
import { systemClock } from "@understudy/kernel";
import { errorCodeOf } from "@understudy/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RowStream, SqlExecutor, StreamOptions } from "../src/index.ts";
import { codeOf, openExecutor } from "./open-executor.ts";

/** A million rows, `n` from 0 on, made by the server as it sends them. */
const MILLION =
  "SELECT a.n * 1000 + b.n AS n, 'of some width' AS w FROM thousand a CROSS JOIN thousand b /* million */";
/** Of what is over at once; what it is told apart from takes far longer. */
const WITHIN_MS = 10_000;

for (const flavour of testFlavours()) {
  describe(`streams on ${flavour}`, () => {
    let server: DatabaseServer;
    let executor: SqlExecutor;
    /** With a single reader connection, so that what a stream leaves behind meets the next call. */
    let narrow: SqlExecutor;

    beforeAll(async () => {
      server = await openTestServer(flavour);
      executor = await openExecutor(server);
      narrow = await openExecutor(server, { poolSizes: { reader: 1 } });
      await executor.refreshAccounts();
      await executor.execute({ sql: "CREATE DATABASE d" });
      await executor.execute({ sql: "CREATE TABLE thousand (n INT PRIMARY KEY)", database: "d" });
      const numbers = Array.from({ length: 1000 }, (_, n) => `(${n})`).join(",");
      await executor.execute({ sql: `INSERT INTO thousand VALUES ${numbers}`, database: "d" });
    });

    afterAll(async () => {
      await narrow?.[Symbol.asyncDispose]();
      await executor?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    const open = (options: StreamOptions, on = executor): Promise<RowStream> =>
      on.stream({ database: "d", ...options });

    /** States of the statements that the server runs and whose text holds `mark`. */
    async function running(mark: string): Promise<string[]> {
      return await executor.withAdmin(async (session) => {
        const rows = await session.rows("SHOW FULL PROCESSLIST");
        return rows.filter(({ Info }) => String(Info).includes(mark)).map(({ State }) => String(State));
      });
    }

    async function until(isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
      const endMs = systemClock.monotonicMs() + withinMs;
      while (!(await isSo())) {
        if (systemClock.monotonicMs() > endMs) throw new Error(`not so within ${withinMs} ms`);
        await systemClock.sleep(20);
      }
    }

    const untilGone = (mark: string): Promise<void> =>
      until(async () => (await running(mark)).length === 0, WITHIN_MS);

    async function rest(stream: RowStream): Promise<unknown[]> {
      const rows: unknown[] = [];
      for await (const piece of stream.pieces()) rows.push(...piece);
      return rows;
    }

    test.each(["objects", "arrays"] as const)("%s are those of a query", async (rows) => {
      const sql = "SELECT n, CONCAT('größe ', n) AS t, NULL AS o FROM thousand WHERE n < ? ORDER BY n";
      const options = { sql, params: [700], rows, database: "d" };
      const query = await executor.query(options);
      const stream = await open(options);
      expect(stream.columns).toEqual(query.columns);
      expect(await rest(stream)).toEqual(query.rows);
    });

    test("an empty answer has its columns, and so has SHOW", async () => {
      const empty = await open({ sql: "SELECT n FROM thousand WHERE n < 0" });
      expect(empty.columns.map(({ name }) => name)).toEqual(["n"]);
      expect(await rest(empty)).toEqual([]);
      expect(await rest(await open({ sql: "SHOW TABLES", rows: "arrays" }))).toEqual([["thousand"]]);
    });

    test("what can't be run is refused before there is a stream", async () => {
      expect(await codeOf(open({ sql: "DELETE FROM thousand" }))).toBe("not-a-query");
      expect(await codeOf(open({ sql: "SELECT nope FROM thousand" }))).toBe("unknown-column");
      expect(await codeOf(open({ sql: "SELECT * FROM nope" }))).toBe("unknown-table");
      expect(await codeOf(open({ sql: "SELECT 1 AS a, 2 AS a" }))).toBe("invalid-request");
      expect(await codeOf(open({ sql: "SELECT ?", params: [] }))).toBe("invalid-request");
      expect(await rest(await open({ sql: "SELECT 1 AS a, 2 AS a", rows: "arrays" }))).toHaveLength(1);
    });

    test("the server waits while nothing is taken, and every row comes in the end", async () => {
      const stream = await open({ sql: MILLION, rows: "arrays" });
      const isBlocked = async (): Promise<boolean> =>
        (await running("million")).some((state) => /net|client/i.test(state));
      await until(isBlocked, WITHIN_MS);
      let count = 0;
      let longest = 0;
      for await (const piece of stream.pieces()) {
        count += piece.length;
        longest = Math.max(longest, piece.length);
      }
      expect(count).toBe(1_000_000);
      // 128 KiB and what one read of the socket brings beyond it, at 24 bytes a row
      expect(longest).toBeLessThan(10_000);
    });

    test("a reader who leaves early ends the statement, and the connection is not lent again", async () => {
      const connection = async (): Promise<unknown> =>
        (await narrow.query({ sql: "SELECT CONNECTION_ID() AS id" })).rows[0];
      const before = await connection();
      for await (const piece of (await open({ sql: MILLION }, narrow)).pieces()) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
      await untilGone("million");
      expect(await connection()).not.toEqual(before);
    });

    test("a stream read to its end gives its connection back", async () => {
      const id = { sql: "SELECT CONNECTION_ID() AS id" };
      const { rows: before } = await narrow.query(id);
      expect(await rest(await open({ sql: "SELECT n FROM thousand" }, narrow))).toHaveLength(1000);
      expect((await narrow.query(id)).rows).toEqual(before);
    });

    test("disposal ends it, and who reads on is told", async () => {
      const stream = await open({ sql: MILLION });
      await stream[Symbol.asyncDispose]();
      await untilGone("million");
      expect(await codeOf(rest(stream))).toBe("internal");
    });

    test("an abort ends it, before its first row and after", async () => {
      const reason = new Error("enough");
      const early = new AbortController();
      const opening = open({ sql: "SELECT SLEEP(30) /* slow */", signal: early.signal });
      await until(async () => (await running("slow")).length > 0, 2_000);
      early.abort(reason);
      await expect(opening.then(rest)).rejects.toBe(reason);
      await untilGone("slow");
      const late = new AbortController();
      const stream = await open({ sql: MILLION, signal: late.signal });
      late.abort(reason);
      await expect(rest(stream)).rejects.toBe(reason);
      await untilGone("million");
      await expect(open({ sql: MILLION, signal: late.signal })).rejects.toBe(reason);
    });

    test("a deadline ends it, whether the server is busy or waits for its reader", async () => {
      const slow = open({ sql: "SELECT SLEEP(30) /* slow */", timeoutMs: 200 });
      expect(await codeOf(slow.then(rest))).toBe("timeout");
      await untilGone("slow");
      const stream = await open({ sql: MILLION, timeoutMs: 300 });
      await until(async () => (await running("million")).length === 0, 300 + WITHIN_MS);
      expect(await codeOf(rest(stream))).toBe("timeout");
    });

    test("an error in the middle comes behind the rows before it", async () => {
      const stream = await open({
        sql: "SELECT n, EXP(n) AS e FROM thousand ORDER BY n",
        rows: "arrays",
      });
      const rows: unknown[] = [];
      let code = "ok";
      try {
        for await (const piece of stream.pieces()) rows.push(...piece);
      } catch (error) {
        code = errorCodeOf(error);
      }
      expect(code).toBe("invalid-value");
      expect(rows).toHaveLength(710);
      expect(await rest(await open({ sql: "SELECT n FROM thousand" }))).toHaveLength(1000);
    });

    test("a connection that breaks in the middle is an error, not an end", async () => {
      const stream = await open({ sql: MILLION });
      await executor.withAdmin(async (session) => {
        const rows = await session.rows("SHOW FULL PROCESSLIST");
        const id = rows.find(({ Info }) => String(Info).includes("million"))?.["Id"];
        await session.run(`KILL CONNECTION ${String(id)}`);
      });
      expect(["database-unavailable", "timeout"]).toContain(await codeOf(rest(stream)));
    });

    test("an idle connection that broke is replaced", async () => {
      const { rows } = await narrow.query({ sql: "SELECT CONNECTION_ID() AS id", rows: "arrays" });
      const [row] = rows;
      const id = Array.isArray(row) ? String(row[0]) : "";
      await executor.withAdmin(async (session) => await session.run(`KILL CONNECTION ${id}`));
      expect(await rest(await open({ sql: "SELECT n FROM thousand" }, narrow))).toHaveLength(1000);
    });

    test("rows never show what an earlier statement left in the session", async () => {
      await executor.execute({
        sql: "CREATE FUNCTION remember() RETURNS INT READS SQL DATA BEGIN SET @mark = 7; RETURN 1; END",
        database: "d",
      });
      await executor.execute({
        sql: "CREATE FUNCTION recall() RETURNS INT READS SQL DATA RETURN @mark",
        database: "d",
      });
      for (let round = 0; round < 3; round++) {
        expect(await rest(await open({ sql: "SELECT remember() AS r" }, narrow))).toEqual([{ r: 1 }]);
        expect(await rest(await open({ sql: "SELECT recall() AS r" }, narrow))).toEqual([{ r: null }]);
        await narrow.query({ sql: "SELECT remember()", database: "d" });
        expect(await rest(await open({ sql: "SELECT recall() AS r" }, narrow))).toEqual([{ r: null }]);
      }
    });

    test("a slow reader is not cut by the server's own limit on writing", async () => {
      await executor.withAdmin(async (session) => {
        await session.run("SET GLOBAL net_write_timeout = 1");
      });
      await using patient = await openExecutor(server, { poolSizes: { reader: 1 } });
      const stream = await open({ sql: MILLION, rows: "arrays" }, patient);
      await systemClock.sleep(2_500);
      expect(await rest(stream)).toHaveLength(1_000_000);
      await executor.withAdmin(async (session) => {
        await session.run("SET GLOBAL net_write_timeout = DEFAULT");
      });
    });

    test("an executor that ends, ends its streams", async () => {
      const own = await openExecutor(server);
      const stream = await open({ sql: MILLION }, own);
      await own[Symbol.asyncDispose]();
      expect(await codeOf(rest(stream))).toBe("database-unavailable");
      await untilGone("million");
    });
  });
}
