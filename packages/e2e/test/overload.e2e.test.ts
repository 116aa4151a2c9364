// More than a node takes: the excess is refused at once, what keeps the cluster together goes on, and afterwards all is as before.
// What fills the node is held by locks that the test owns, so that nothing depends on how quick a machine is.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { testFlavours } from "@understudy/database-server";
import { sql, startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";

const READERS = 3;
const WRITERS = 3;
const WAITING = 4;
const REQUESTS = 30;
const MEBIBYTE = 1024 * 1024;
const SETTINGS = {
  UNDERSTUDY_READER_CONNECTIONS_MAX: String(READERS),
  UNDERSTUDY_WRITER_CONNECTIONS_MAX: String(WRITERS),
  UNDERSTUDY_WAITING_REQUESTS_MAX: String(WAITING),
  UNDERSTUDY_REQUESTS_MAX: String(REQUESTS),
  UNDERSTUDY_BODY_LIMIT_BYTES: String(2 * MEBIBYTE),
  UNDERSTUDY_BODIES_BYTES_MAX: String(3 * MEBIBYTE),
} as const;

/** A refusal takes no time. Who waited for a connection instead would be told so after five seconds; less is room for a busy machine. */
const QUICK_MS = 4_000;
const UNCOUNTED = ["/health/live", "/health/ready", "/health/master", "/ping", "/cluster", "/cluster/events"];

for (const flavour of testFlavours()) {
  describe(`overload on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    /** Past the API, as root: owns the locks. */
    let root: Connection;
    let under: Promise<Answer>[];

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1, environment: SETTINGS });
      master = cluster.master;
      root = await sql(master);
      await root.query("CREATE DATABASE shop");
      await root.query("CREATE TABLE shop.gate (id INT PRIMARY KEY, n INT NOT NULL)");
      await root.query("CREATE TABLE shop.log (id INT PRIMARY KEY AUTO_INCREMENT)");
      await root.query("INSERT INTO shop.gate VALUES (1, 0)");
      await cluster.waitForSync();
      under = [];
    });

    afterAll(async () => {
      await root?.end();
      await cluster?.[Symbol.asyncDispose]();
    });

    /** Whatever a test left under way has ended, and every connection is there for the next. */
    afterEach(async () => {
      await root.query("UNLOCK TABLES");
      await root.query("ROLLBACK");
      await Promise.all(under.splice(0));
      await expect.poll(() => metric(master, "understudy_client_requests")).toBe(0);
      await expect.poll(() => metric(master, "understudy_client_bodies_bytes")).toBe(0);
      for (let count = 0; count < 2; count++) {
        const reads = Array.from({ length: READERS + WAITING }, () => read("SELECT 1 AS one"));
        for (const answer of await Promise.all(reads)) expect(answer.status, answer.text).toBe(200);
        const writes = Array.from({ length: WRITERS + WAITING }, () => write("INSERT INTO log VALUES ()"));
        for (const answer of await Promise.all(writes)) expect(answer.status, answer.text).toBe(200);
      }
      const [sessions] = await root.query<RowDataPacket[]>("SHOW PROCESSLIST");
      const users = sessions.map((row) => String(row["User"])).filter((user) => /understudy/.test(user));
      expect(users.length).toBeGreaterThan(0);
      expect(users.length).toBeLessThanOrEqual(READERS + WRITERS);
      await cluster.waitForSync();
    });

    const read = (text: string, params: readonly unknown[] = [], node = master): Promise<Answer> =>
      node.post("/query", { sql: text, params, database: "shop" });
    const write = (text: string, node = master): Promise<Answer> =>
      node.post("/execute", { sql: text, database: "shop" });

    /** Starts requests that can't end before the lock is given back. */
    const fill = async (count: number, start: () => Promise<Answer>): Promise<void> => {
      const before = await metric(master, "understudy_client_requests");
      for (let index = 0; index < count; index++) under.push(start());
      await expect.poll(() => metric(master, "understudy_client_requests")).toBe(before + count);
    };
    const fillReaders = async (): Promise<void> => {
      await root.query("LOCK TABLES shop.gate WRITE, shop.log WRITE");
      await fill(READERS + WAITING, () => read("SELECT n FROM gate"));
    };
    const fillWriters = async (): Promise<void> => {
      await root.query("BEGIN");
      await root.query("SELECT n FROM shop.gate FOR UPDATE");
      await fill(WRITERS + WAITING, () => write("UPDATE gate SET n = n + 1"));
    };

    /** Who held a connection is served when the lock goes; who waited for one may have waited too long. Gives how many were served. */
    const expectServed = async (holders: number): Promise<number> => {
      const answers = await Promise.all(under);
      const late = answers.filter(({ status }) => status !== 200);
      for (const answer of late) expect(expectProblem(answer, "503 overloaded")).toContain("within");
      expect(late.length).toBeLessThanOrEqual(answers.length - holders);
      return answers.length - late.length;
    };

    it("refuses reads beyond the queue at once; the cluster, its writes and its replication go on", async () => {
      await fillReaders();
      const excess = await Promise.all(Array.from({ length: 12 }, () => timed(() => read("SELECT 1"))));
      for (const { answer } of excess) expectProblem(answer, "503 overloaded");
      expect(median(excess)).toBeLessThan(QUICK_MS);
      await expectOpen(master);
      // the slave's readers are its own
      const [slave] = cluster.slaves;
      expect((await read("SELECT n FROM gate", [], slave)).status).toBe(200);
      await root.query("INSERT INTO shop.log VALUES ()");
      await cluster.waitForSync();
      await root.query("UNLOCK TABLES");
      await expectServed(READERS);
    });

    it("refuses writes beyond the queue at once, also those that a slave passes on; reads and replication go on", async () => {
      await fillWriters();
      const [slave] = cluster.slaves;
      const excess = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          timed(() => write("INSERT INTO log VALUES ()", index % 2 === 0 ? master : slave)),
        ),
      );
      for (const { answer } of excess) expectProblem(answer, "503 overloaded");
      expect(median(excess)).toBeLessThan(QUICK_MS);
      expect((await read("SELECT n FROM gate")).body["rows"]).toEqual([{ n: 0 }]);
      await expectOpen(master);
      await using other = await sql(master);
      await other.query("INSERT INTO shop.log VALUES ()");
      await cluster.waitForSync();
      await root.query("ROLLBACK");
      const served = await expectServed(WRITERS);
      expect((await read("SELECT n FROM gate")).body["rows"]).toEqual([{ n: served }]);
    });

    it("refuses bodies beyond the limit, and takes them again when the others are gone", async () => {
      await root.query("LOCK TABLES shop.gate WRITE, shop.log WRITE");
      await fill(READERS, () => read("SELECT n FROM gate"));
      const text = "x".repeat(MEBIBYTE);
      // two of them fit, and wait for a connection
      await fill(2, () => read("SELECT LENGTH(?) AS n", [text]));
      const excess = await Promise.all(
        Array.from({ length: 6 }, () => timed(() => read("SELECT LENGTH(?) AS n", [text]))),
      );
      for (const { answer } of excess) {
        expect(expectProblem(answer, "503 overloaded")).toContain("UNDERSTUDY_BODIES_BYTES_MAX");
      }
      expect(await metric(master, 'understudy_refused_total{reason="bodies"}')).toBe(6);
      // a small one still fits
      expect((await write("SELECT 1")).body["code"]).not.toBe("overloaded");
      await expectOpen(master);
      await root.query("UNLOCK TABLES");
      await expectServed(READERS);
      expect((await read("SELECT LENGTH(?) AS n", [text])).status).toBe(200);
    });

    it("keeps looks at schemas, which clients ask for, from the node's own work", async () => {
      await fillReaders();
      // no lock holds a look: they are too many only where they come faster than they are answered, which one round may miss
      const lookTooOften = async (): Promise<number> => {
        const looks = Array.from({ length: 3 * REQUESTS }, () => master.get("/databases/shop"));
        await expectOpen(master);
        const answers = await Promise.all(looks);
        const refused = answers.filter(({ status }) => status !== 200);
        for (const answer of refused) expectProblem(answer, "503 overloaded");
        expect(refused.length).toBeLessThan(answers.length);
        return refused.length;
      };
      await expect.poll(lookTooOften).toBeGreaterThan(0);
    });
  });
}

/** What must not suffer from clients, answers, and quickly. */
async function expectOpen(node: ClusterNode): Promise<void> {
  const answers = await Promise.all(UNCOUNTED.map((path) => timed(() => node.get(path))));
  for (const [index, { answer }] of answers.entries()) expect(answer.status, UNCOUNTED[index]).toBe(200);
  expect(median(answers)).toBeLessThan(QUICK_MS);
}

interface Timed {
  readonly answer: Answer;
  readonly ms: number;
}

async function timed(send: () => Promise<Answer>): Promise<Timed> {
  const startedMs = performance.now();
  const answer = await send();
  return { answer, ms: performance.now() - startedMs };
}

function median(answers: readonly Timed[]): number {
  const sorted = answers.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The value of one line of `GET /metrics`. */
async function metric(node: ClusterNode, name: string): Promise<number> {
  const { text } = await node.get("/metrics");
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}
