// Queries whose rows are streamed as lines: any number of them with flat memory, ended on the database server as soon as
// nobody reads them any more. UNDERSTUDY_STREAM_ROWS sets how many rows the long ones have.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { countLines, linesOf, openLines } from "./line-stream.ts";
import { watchMemory } from "./resident-memory.ts";

const ROWS = Number(process.env["UNDERSTUDY_STREAM_ROWS"] ?? 10_000_000);
/** More than this over what a node has at the start would mean that rows pile up: the whole is some 30 bytes a row. */
const GROWTH_MB_MAX = 150;
const GONE_WITHIN_MS = 10_000;
const MINUTES_3 = 180_000;

const POWERS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];
const MANY = `SELECT ${POWERS.map((power, index) => `d${index}.n * ${power}`).join(" + ")} AS n, 'narrow' AS word
  FROM ${POWERS.map((_, index) => `digits d${index}`).join(" CROSS JOIN ")} /* many */`;

for (const flavour of testFlavours()) {
  describe(`streams of rows on ${flavour}`, { timeout: MINUTES_3 }, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1, logLevel: "info" });
      master = cluster.master;
      slave = cluster.firstSlave;
      await master.post("/createdb", { name: "d" });
      await master.post("/createtable", { database: "d", table: "digits", columns: "n INT PRIMARY KEY" });
      const records = Array.from({ length: 10 }, (_, n) => ({ n }));
      expect((await master.post("/insert", { database: "d", table: "digits", records })).status).toBe(201);
      await cluster.waitForSync();
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    const many = (rows: number, more: object = {}) => ({
      body: { sql: `${MANY} LIMIT ${rows}`, database: "d", timeoutMs: 170_000, ...more },
    });

    async function isRunning(node: ClusterNode): Promise<boolean> {
      const rows = await rowsOf(node, "SHOW FULL PROCESSLIST");
      return rows.some(({ Info, User }) => User === "understudy_reader" && String(Info).includes("many"));
    }

    /** Resolves when the node's server runs the query, or no longer does. */
    async function until(node: ClusterNode, running: boolean): Promise<void> {
      const endMs = performance.now() + GONE_WITHIN_MS;
      while ((await isRunning(node)) !== running) {
        if (performance.now() > endMs) throw new Error(`within ${GONE_WITHIN_MS} ms it was not ${running}`);
      }
    }

    it.each(["objects", "arrays"] as const)(
      "gives a line of columns, a line a row as %s, a last line",
      async (rows) => {
        const query = {
          sql: "SELECT n, NULL AS o FROM digits WHERE n < ? ORDER BY n",
          params: [3],
          database: "d",
          rows,
        };
        const plain = await slave.post("/query", query);
        const stream = await openLines(slave, { body: query });
        expect(stream.status).toBe(200);
        expect(stream.headers).toMatchObject({
          "content-type": "application/x-ndjson",
          "x-understudy-node": slave.nodeId,
          "x-understudy-position": plain.body["position"],
        });
        const [head, ...lines] = await linesOf(stream);
        const { columns, position, node, role } = plain.body;
        expect(head).toEqual({ columns, position, node, role, lagMs: expect.any(Number) as number });
        const trailer = lines.pop();
        expect(lines).toEqual(plain.body["rows"]);
        expect(trailer).toEqual({ rowCount: 3, position, timeMs: expect.any(Number) as number });
      },
    );

    it("streams /select, whose limit holds, while /query knows no limit of rows", async () => {
      const body = {
        database: "d",
        table: "digits",
        limit: 4,
        orderBy: [{ column: "n", direction: "desc" }],
      };
      const path = "/select?database=d&table=digits&limit=4&orderBy=n:desc";
      for (const request of [{ path: "/select", body }, { path }]) {
        const lines = await linesOf(await openLines(slave, request));
        expect(lines.slice(1)).toEqual([
          { n: 9 },
          { n: 8 },
          { n: 7 },
          { n: 6 },
          expect.objectContaining({ rowCount: 4 }),
        ]);
      }
      const { lines, last } = await countLines(await openLines(slave, many(20_000, { maxRows: 1 })));
      expect({ lines, rowCount: last["rowCount"] }).toEqual({ lines: 20_002, rowCount: 20_000 });
    });

    it("answers with a problem what fails before its first line", async () => {
      for (const [body, status, code] of [
        [{ sql: "SELECT nope" }, 400, "unknown-column"],
        [{ sql: "DELETE FROM d.digits" }, 400, "not-a-query"],
        [{ sql: "SELECT 1", surplus: 1 }, 400, "invalid-request"],
        [{ sql: "SELECT 1 AS a, 2 AS a" }, 400, "invalid-request"],
        [{ sql: "SELECT SLEEP(9)", timeoutMs: 100 }, 504, "timeout"],
      ] as const) {
        const stream = await openLines(slave, { body });
        expect({ status: stream.status, type: stream.headers["content-type"] }, code).toEqual({
          status,
          type: "application/problem+json; charset=utf-8",
        });
        const problem = (await stream.body.toArray()).join("");
        expect(JSON.parse(problem)).toMatchObject({ code });
      }
      const nowhere = await openLines(slave, { path: "/select", body: { database: "none", table: "t" } });
      expect(JSON.parse((await nowhere.body.toArray()).join(""))).toMatchObject({ code: "unknown-database" });
    });

    it.each(["master", "slave"])(
      "tells in the last line what fails in the middle, asked of the %s",
      async (who) => {
        const sql = "SELECT EXP(1000 * (a.n > 7)) AS e FROM digits a ORDER BY a.n";
        const body = { sql, database: "d", consistency: "strong" };
        const stream = await openLines(who === "master" ? master : slave, { body });
        expect(stream.status).toBe(200);
        const lines = await linesOf(stream);
        expect(lines.slice(1, -1)).toEqual(Array(8).fill({ e: 1 }));
        expect(lines.at(-1)).toEqual({
          error: expect.objectContaining({
            code: "invalid-value",
            errno: 1690,
            status: 422,
            requestId: stream.headers["x-request-id"],
          }) as object,
        });
      },
    );

    it("ends at its deadline, and says so", async () => {
      const stream = await openLines(slave, many(10_000_000, { timeoutMs: 300 }));
      const { last } = await countLines(stream);
      expect(last).toMatchObject({ error: { code: "timeout" } });
      await until(slave, false);
    });

    it("passes a strong read through to the master and back", async () => {
      const stream = await openLines(slave, many(30_000, { consistency: "strong" }));
      expect(stream.headers).toMatchObject({
        "x-understudy-node": master.nodeId,
        "x-understudy-forwarded-by": slave.nodeId,
      });
      const [head, ...lines] = await linesOf(stream);
      expect(head).toMatchObject({ node: master.nodeId, role: "master" });
      expect(lines).toHaveLength(30_001);
      const refused = await openLines(slave, { body: { sql: "SELECT nope", consistency: "strong" } });
      expect(refused.status).toBe(400);
      expect(JSON.parse((await refused.body.toArray()).join(""))).toMatchObject({ code: "unknown-column" });
    });

    // the database server the query runs on is the master's in both cases
    it.each(["master", "slave"])("ends the query when its reader at the %s goes", async (who) => {
      const gone = new AbortController();
      const body = many(10_000_000, { consistency: "strong" });
      const stream = await openLines(who === "master" ? master : slave, body, gone.signal);
      expect(stream.status).toBe(200);
      await until(master, true);
      gone.abort();
      await until(master, false);
    });

    it("ends the query also when the reader goes before the first row", async () => {
      const gone = new AbortController();
      const opening = openLines(slave, { body: { sql: "SELECT SLEEP(20) /* many */" } }, gone.signal);
      await until(slave, true);
      gone.abort();
      await expect(opening).rejects.toThrow("aborted");
      await until(slave, false);
    });

    it("reads nothing from its server while nobody reads from it, and serves others meanwhile", async () => {
      const memory = await watchMemory(master);
      const stream = await openLines(master, many(ROWS));
      const blocked = performance.now() + 10_000;
      let state = "";
      while (!/net|client/i.test(state)) {
        if (performance.now() > blocked) throw new Error(`the server is not held up: ${state}`);
        const rows = await rowsOf(master, "SHOW FULL PROCESSLIST");
        state = String(rows.find(({ Info }) => String(Info).includes("many"))?.["State"]);
      }
      expect((await master.post("/query", { sql: "SELECT 'yes' AS served" })).body["rows"]).toEqual([
        { served: "yes" },
      ]);
      expect((await memory.peakMb()) - memory.startMb).toBeLessThan(GROWTH_MB_MAX);
      stream.body.destroy();
      await until(master, false);
    });

    it(`streams ${ROWS.toLocaleString("en")} rows with flat memory`, async () => {
      const memory = await watchMemory(master);
      const startMs = performance.now();
      const { lines, last } = await countLines(await openLines(master, many(ROWS)));
      expect({ lines, rowCount: last["rowCount"] }).toEqual({ lines: ROWS + 2, rowCount: ROWS });
      report("direct", startMs, [memory.startMb, await memory.peakMb()]);
      expect((await memory.peakMb()) - memory.startMb).toBeLessThan(GROWTH_MB_MAX);
    });

    it(`streams ${ROWS.toLocaleString("en")} rows through a slave with flat memory at both nodes`, async () => {
      const [atMaster, atSlave] = [await watchMemory(master), await watchMemory(slave)];
      const startMs = performance.now();
      const { lines, last } = await countLines(await openLines(slave, many(ROWS, { consistency: "strong" })));
      expect({ lines, rowCount: last["rowCount"] }).toEqual({ lines: ROWS + 2, rowCount: ROWS });
      report("through a slave", startMs, [atSlave.startMb, await atSlave.peakMb()]);
      expect((await atMaster.peakMb()) - atMaster.startMb).toBeLessThan(GROWTH_MB_MAX);
      expect((await atSlave.peakMb()) - atSlave.startMb).toBeLessThan(GROWTH_MB_MAX);
    });

    it("ends its streams when the node stops", async () => {
      const stream = await openLines(slave, many(10_000_000));
      await until(slave, true);
      const stopping = slave.stop();
      const { last } = await countLines(stream);
      expect(last).toMatchObject({ error: { code: "starting" } });
      await stopping;
      await until(slave, false);
      await slave.start();
      await cluster.waitUntilReplicating();
    });

    function report(what: string, startMs: number, [fromMb, toMb]: readonly [number, number]): void {
      if (process.env["UNDERSTUDY_STREAM_ROWS"] === undefined) return;
      const seconds = (performance.now() - startMs) / 1000;
      process.stdout.write(
        `${flavour}, ${what}: ${ROWS} rows in ${seconds.toFixed(1)} s, ${Math.round(ROWS / seconds)} rows/s, ` +
          `${fromMb.toFixed(0)} MB at the start, ${toMb.toFixed(0)} MB at most\n`,
      );
    }
  });
}
