// The master's node or its database server dies under interactive transactions: what GET tells is what the database holds.
// UNDERSTUDY_LOST_ROUNDS sets the rounds a flavour, UNDERSTUDY_LOST_SEED other moments.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { seededRandom, systemClock } from "@understudy/kernel";
import { rowsOf, sql, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { InteractiveTransaction } from "./interactive-transaction.ts";

const ROUNDS = Number(process.env["UNDERSTUDY_LOST_ROUNDS"] ?? 4);
const SEED = Number(process.env["UNDERSTUDY_LOST_SEED"] ?? 20_261_123);
const AT_ONCE = 10;
/** Commits are spread over so long, and the kill falls among them: before some, into some, after some. */
const COMMITS_MS = 150;

for (const flavour of testFlavours()) {
  describe(`transactions whose master dies on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1, logLevel: "info" });
      master = cluster.master;
      slave = cluster.firstSlave;
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shop");
      await connection.query("CREATE TABLE shop.t (id INT PRIMARY KEY, a VARCHAR(20))");
      await cluster.waitForSync();
    });

    afterAll(async () => cluster[Symbol.asyncDispose]());

    const begin = (node: ClusterNode): Promise<InteractiveTransaction> =>
      InteractiveTransaction.begin(node, { database: "shop", idleTimeoutMs: 60_000, maxMs: 600_000 });
    const isThere = async (node: ClusterNode, id: number): Promise<boolean> =>
      (await rowsOf(node, "SELECT id FROM shop.t WHERE id = ?", [id])).length === 1;

    /** Asks at both nodes until they can tell, which has to be the same. */
    async function outcomeOf({ id }: InteractiveTransaction): Promise<unknown> {
      const states: unknown[] = [];
      for (const node of cluster.nodes) {
        const ask = async (): Promise<number> => (await node.get(`/transactions/${id}`)).status;
        await expect.poll(ask, { timeout: 30_000 }).toBe(200);
        states.push((await node.get(`/transactions/${id}`)).body["state"]);
      }
      expect(new Set(states).size, JSON.stringify(states)).toBe(1);
      return states[0];
    }

    /** Commits at some moment, and says what was answered: 0 where the node did not even that. */
    async function commitWithin(transaction: InteractiveTransaction, ms: number): Promise<number> {
      await systemClock.sleep(ms);
      return transaction.commit().then(
        ({ status }) => status,
        () => 0,
      );
    }

    it(
      `tells of ${ROUNDS * AT_ONCE} commits around which the node was killed what the database says`,
      async () => {
        const random = seededRandom(SEED);
        const outcomes: Record<string, number> = {};
        for (let round = 0; round < ROUNDS; round++) {
          const transactions: InteractiveTransaction[] = [];
          for (let at = 0; at < AT_ONCE; at++) {
            const transaction = await begin(at % 2 === 0 ? master : slave);
            transactions.push(transaction);
            const inserted = await transaction.execute("INSERT INTO t VALUES (?, 'x')", [idOf(round, at)]);
            expect(inserted.status, inserted.text).toBe(200);
          }
          const commits = transactions.map((it) => commitWithin(it, random() * COMMITS_MS));
          await systemClock.sleep(COMMITS_MS * (0.3 + random() * 0.5));
          await master.killHard();
          const statuses = await Promise.all(commits);
          await master.start();
          for (const [at, transaction] of transactions.entries()) {
            const status = statuses[at] ?? 0;
            const outcome = await outcomeOf(transaction);
            expect(outcome).toBe((await isThere(master, idOf(round, at))) ? "committed" : "rolled-back");
            if (status === 200) expect(outcome).toBe("committed");
            else expect([502, 503, 0]).toContain(status);
            const late = await master.post(`/transactions/${transaction.id}/commit`, {});
            expectProblem(late, "410 transaction-expired");
            expect(late.body["outcome"]).toBe(outcome);
            // nothing comes to light later
            expect(await isThere(master, idOf(round, at))).toBe(outcome === "committed");
            const kind = `${status === 200 ? "answered" : "lost"}, ${String(outcome)}`;
            outcomes[kind] = (outcomes[kind] ?? 0) + 1;
          }
        }
        process.stderr.write(`${flavour}: ${JSON.stringify(outcomes)}\n`);
        await cluster.waitForSync();
        const ids = (node: ClusterNode) => rowsOf(node, "SELECT id FROM shop.t ORDER BY id");
        expect(await ids(slave)).toEqual(await ids(master));
      },
      ROUNDS * 40_000 + 60_000,
    );

    it("are rolled back when the database server is killed, and say so when it is back", async () => {
      const transaction = await begin(slave);
      await transaction.execute("INSERT INTO t VALUES (1000, 'gone')");
      await master.database.killHard();
      await master.database.start();
      await expect
        .poll(async () => (await transaction.query("SELECT 1")).status, { timeout: 30_000 })
        .toBe(410);
      const answer = await transaction.commit();
      expectProblem(answer, "410 transaction-expired");
      expect(answer.body["outcome"]).toBe("rolled-back");
      expect(await outcomeOf(transaction)).toBe("rolled-back");
      expect(await isThere(master, 1000)).toBe(false);
      await cluster.waitUntilReplicating();
    });

    it("are rolled back with a master that stops in order", async () => {
      const transaction = await begin(slave);
      await transaction.execute("INSERT INTO t VALUES (1001, 'gone')");
      await master.stop();
      expect(await isThere(master, 1001)).toBe(false);
      {
        await using connection = await sql(master);
        await connection.query("SET SESSION innodb_lock_wait_timeout = 1");
        await connection.query("START TRANSACTION");
        await connection.query("INSERT INTO shop.t VALUES (1001, 'the lock is free')");
        await connection.query("ROLLBACK");
      }
      await master.start();
      expect(await outcomeOf(transaction)).toBe("rolled-back");
    });

    it("are told of by a slave alone as far as its own copy goes", async () => {
      const committed = await begin(slave);
      await committed.execute("INSERT INTO t VALUES (2000, 'kept')");
      expect((await committed.commit()).status).toBe(200);
      const open = await begin(slave);
      await open.execute("INSERT INTO t VALUES (2001, 'open')");
      await cluster.waitForSync();
      await master.killHard();
      const told = await slave.get(`/transactions/${committed.id}`);
      expect(told.body).toMatchObject({ state: "committed", expiresAt: null });
      expect(told.body["position"]).toMatch(/^\d+:/);
      expectProblem(await slave.get(`/transactions/${open.id}`), "503 no-leader");
      expectProblem(await open.commit(), "503 no-leader");
      expectProblem(await slave.get(`/transactions/${"A".repeat(52)}`), "404 not-found");
      await master.start();
      expect(await outcomeOf(open)).toBe("rolled-back");
      expect(await isThere(master, 2001)).toBe(false);
    });
  });
}

function idOf(round: number, at: number): number {
  return round * AT_ONCE + at;
}
