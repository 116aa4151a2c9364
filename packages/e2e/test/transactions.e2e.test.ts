// Interactive transactions, through the master and through a slave: what they see, how long they live, and what becomes of them.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { rowsOf, sql, startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { InteractiveTransaction } from "./interactive-transaction.ts";
import { errorsInLog } from "./unharmed.ts";

const OPEN_MAX = 4;
const NEVER_ISSUED = "k0Zq1vB7mJrT3c9YxWf2HQGa6l4T0mZrQ8yN5sVtEo1uXw7LpD2h";

/** Ends with the same words at every call that comes later. */
async function expectEnded(
  { id, node }: InteractiveTransaction,
  outcome: "committed" | "rolled-back",
  reason: RegExp,
): Promise<void> {
  const calls = [
    await node.post(`/transactions/${id}/query`, { sql: "SELECT 1" }),
    await node.post(`/transactions/${id}/execute`, { sql: "DELETE FROM shop.t" }),
    await node.post(`/transactions/${id}/commit`, {}),
    await node.post(`/transactions/${id}/rollback`, {}),
  ];
  for (const answer of calls) {
    expectProblem(answer, "410 transaction-expired");
    expect(answer.body["outcome"]).toBe(outcome);
    expect(answer.body["reason"]).toMatch(reason);
  }
  const told = await node.get(`/transactions/${id}`);
  expect(told.body).toMatchObject({ id, state: outcome, expiresAt: null });
  expect(told.body["reason"]).toMatch(reason);
}

/** Rejects unless the row's lock is free within a second. */
async function lockFromOutside(node: ClusterNode, id: number): Promise<void> {
  await using connection = await sql(node);
  await connection.query("SET SESSION innodb_lock_wait_timeout = 1");
  await connection.query("START TRANSACTION");
  await connection.query("SELECT a FROM shop.t WHERE id = ? FOR UPDATE", [id]);
}

async function isLocked(node: ClusterNode, id: number): Promise<boolean> {
  try {
    await lockFromOutside(node, id);
    return false;
  } catch (error) {
    // ER_LOCK_WAIT_TIMEOUT
    expect(error).toMatchObject({ errno: 1205 });
    return true;
  }
}

for (const flavour of testFlavours()) {
  describe(`interactive transactions on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;

    beforeAll(async () => {
      cluster = await startCluster({
        flavour,
        slaves: 1,
        environment: { UNDERSTUDY_TRANSACTIONS_MAX: String(OPEN_MAX) },
      });
      master = cluster.master;
      slave = cluster.firstSlave;
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shop");
      await connection.query("CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(20))");
    });

    beforeEach(async () => {
      await using connection = await sql(master);
      await connection.query("DELETE FROM shop.t");
      await connection.query("INSERT INTO shop.t VALUES (1, 'one'), (2, 'two')");
      await cluster.waitForSync();
    });

    afterAll(async () => {
      try {
        for (const node of cluster.nodes) expect(await errorsInLog(node)).toEqual([]);
      } finally {
        await cluster[Symbol.asyncDispose]();
      }
    });

    const begin = (node: ClusterNode, options: object = {}): Promise<InteractiveTransaction> =>
      InteractiveTransaction.begin(node, { database: "shop", ...options });
    const names = async (node: ClusterNode): Promise<unknown[]> =>
      (await rowsOf(node, "SELECT a FROM shop.t ORDER BY id")).map(({ a }) => a);

    it("are seen by nobody until they commit, and by all nodes afterwards", async () => {
      for (const node of cluster.nodes) {
        const transaction = await begin(node);
        expect((await transaction.execute("INSERT INTO t (a) VALUES (?)", [node.nodeId])).body).toMatchObject(
          {
            affectedRows: 1,
            insertId: expect.stringMatching(/^\d+$/) as unknown,
            warnings: [],
          },
        );
        const inside = await transaction.query("SELECT COUNT(*) AS n FROM t");
        expect(inside.body).toMatchObject({ rowCount: 1 });
        const before = await names(master);
        expect(inside.body["rows"]).toEqual([{ n: String(before.length + 1) }]);
        const committed = await transaction.commit();
        expect(committed.status, committed.text).toBe(200);
        expect(committed.body).toMatchObject({ id: transaction.id, state: "committed", retries: 0 });
        expect(committed.headers["x-understudy-position"]).toBe(committed.body["position"]);
        await cluster.waitForSync();
        for (const other of cluster.nodes) expect(await names(other)).toEqual([...before, node.nodeId]);
        await expectEnded(transaction, "committed", /client committed/);
      }
    });

    it("go on at another node than where they began", async () => {
      const { id } = await begin(slave);
      const answers = [
        await master.post(`/transactions/${id}/execute`, { sql: "UPDATE t SET a = 'uno' WHERE id = 1" }),
        await slave.post(`/transactions/${id}/query`, { sql: "SELECT a FROM t WHERE id = 1 FOR UPDATE" }),
        await master.get(`/transactions/${id}`),
        await slave.post(`/transactions/${id}/commit`, {}),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(answers[1]?.body["rows"]).toEqual([{ a: "uno" }]);
      expect(answers[2]?.body).toMatchObject({ id, state: "open", reason: null, position: null });
      const again = await slave.post(`/transactions/${id}/commit`, {});
      expectProblem(again, "410 transaction-expired");
      expect(again.body).toMatchObject({ outcome: "committed", position: answers[3]?.body["position"] });
    });

    it("answer a second commit as the first one where both bear the same idempotency key", async () => {
      for (const [at, node] of cluster.nodes.entries()) {
        const headers = { "idempotency-key": `commit of ${at}`.replaceAll(" ", "-") };
        const transaction = await begin(node);
        await transaction.execute("INSERT INTO t (a) VALUES (?)", [`keyed ${at}`]);
        const path = `/transactions/${transaction.id}/commit`;
        const first = await node.post(path, {}, { headers });
        expect(first.status, first.text).toBe(200);
        expect(first.headers["idempotency-replayed"]).toBeUndefined();
        for (const again of cluster.nodes) {
          const second = await again.post(path, { ack: "async" }, { headers });
          expect(second.status, second.text).toBe(200);
          expect(second.headers["idempotency-replayed"]).toBe("true");
          expect(second.body).toMatchObject({ id: transaction.id, state: "committed" });
        }
        expectProblem(await node.post(path, {}), "410 transaction-expired");
        const other = await begin(node);
        const misused = await node.post(`/transactions/${other.id}/commit`, {}, { headers });
        expectProblem(misused, "422 idempotency-mismatch");
        await expectEnded(other, "rolled-back", /./);
      }
      expect(await names(master)).toEqual(["one", "two", "keyed 0", "keyed 1"]);
    });

    it("are told as confirmed only once the slaves have them that the commit asked for", async () => {
      const transaction = await begin(master);
      await transaction.execute("INSERT INTO t (a) VALUES ('unconfirmed')");
      const told = async (): Promise<object> => (await master.get(`/transactions/${transaction.id}`)).body;
      await slave.freeze();
      try {
        expectProblem(await transaction.commit({ ack: 1, ackTimeoutMs: 300 }), "504 ack-timeout");
        expect(await told()).toMatchObject({ state: "committed", confirmed: false });
        const again = await transaction.commit();
        expectProblem(again, "410 transaction-expired");
        expect(again.body).toMatchObject({ outcome: "committed", confirmed: false });
      } finally {
        slave.thaw();
      }
      await expect.poll(told, { timeout: 60_000 }).toMatchObject({ state: "committed", confirmed: true });
      expect((await slave.get(`/transactions/${transaction.id}`)).body).toMatchObject({ confirmed: true });
      await master.post("/execute", { sql: "DELETE FROM shop.t WHERE a = 'unconfirmed'" });
    });

    it("leave nothing behind when they are rolled back", async () => {
      const transaction = await begin(slave);
      await transaction.execute("DELETE FROM t");
      expect(await isLocked(master, 1)).toBe(true);
      const answer = await transaction.rollback();
      expect(answer.body).toMatchObject({ state: "rolled-back", reason: "the client rolled it back" });
      await lockFromOutside(master, 1);
      expect(await names(master)).toEqual(["one", "two"]);
      await expectEnded(transaction, "rolled-back", /client rolled it back/);
    });

    it("see what their isolation lets them see", async () => {
      const repeatable = await begin(master, { isolation: "repeatable-read" });
      const committed = await begin(slave, { isolation: "read-committed" });
      const look = async (transaction: InteractiveTransaction): Promise<unknown> =>
        (await transaction.query("SELECT a FROM t WHERE id = 1")).body["rows"];
      expect([await look(repeatable), await look(committed)]).toEqual([[{ a: "one" }], [{ a: "one" }]]);
      await master.post("/execute", { sql: "UPDATE shop.t SET a = 'new' WHERE id = 1" });
      expect([await look(repeatable), await look(committed)]).toEqual([[{ a: "one" }], [{ a: "new" }]]);
      expect((await repeatable.commit()).status).toBe(200);
      expect((await committed.rollback()).status).toBe(200);
    });

    it("are rolled back when nothing is sent for too long, and let go of their locks at once", async () => {
      const transaction = await begin(slave, { idleTimeoutMs: 300 });
      await transaction.execute("UPDATE t SET a = 'gone' WHERE id = 1");
      await expect
        .poll(async () => (await master.get(`/transactions/${transaction.id}`)).body["state"], {
          interval: 20,
        })
        .toBe("rolled-back");
      await lockFromOutside(master, 1);
      expect(await names(master)).toEqual(["one", "two"]);
      await expectEnded(transaction, "rolled-back", /300 ms.*idleTimeoutMs/);
    });

    it("do not count a running statement as idle", async () => {
      const transaction = await begin(slave, { idleTimeoutMs: 1000 });
      expect((await transaction.query("SELECT SLEEP(1.5)")).status).toBe(200);
      expect((await transaction.commit()).status).toBe(200);
    });

    it("end at their greatest age also while a statement runs, or is blocked, and free their locks", async () => {
      // side by side, so that the one that holds the lock outlives the one that waits for it on a slow machine too
      const [running, blocked] = await Promise.all([
        begin(master, { maxMs: 1500 }),
        begin(slave, { maxMs: 700 }),
      ]);
      await Promise.all([
        running.execute("UPDATE t SET a = 'gone' WHERE id = 1"),
        blocked.execute("UPDATE t SET a = 'gone' WHERE id = 2"),
      ]);
      const startedMs = performance.now();
      const answers = await Promise.all([
        running.query("SELECT SLEEP(25)"),
        blocked.execute("UPDATE t SET a = 'gone' WHERE id = 1", { timeoutMs: 25_000 }),
        blocked.execute("UPDATE t SET a = 'waits behind it' WHERE id = 1"),
      ]);
      // the statements themselves would take 25 s
      expect(performance.now() - startedMs).toBeLessThan(15_000);
      await lockFromOutside(master, 1);
      await lockFromOutside(master, 2);
      for (const answer of answers) expectProblem(answer, "410 transaction-expired");
      await expectEnded(running, "rolled-back", /1500 ms.*maxMs/);
      await expectEnded(blocked, "rolled-back", /700 ms.*maxMs/);
      expect(await names(master)).toEqual(["one", "two"]);
    });

    it("run the calls that come at once one after another", async () => {
      const transaction = await begin(slave);
      const values = Array.from({ length: 20 }, (_, at) => `v${at}`);
      const answers = await Promise.all(
        values.map((value) => transaction.execute("INSERT INTO t (a) VALUES (?)", [value])),
      );
      expect(answers.map(({ status }) => status)).toEqual(values.map(() => 200));
      expect((await transaction.commit()).status).toBe(200);
      expect(new Set((await names(master)).slice(2))).toEqual(new Set(values));
    });

    it("go on after an error that undid one statement", async () => {
      const transaction = await begin(slave);
      await transaction.execute("INSERT INTO t VALUES (3, 'three')");
      for (const [statement, refusal] of [
        ["INSERT INTO t VALUES (1, 'again')", "409 duplicate-key"],
        ["nonsense", "400 sql-syntax"],
        ["UPDATE nothing SET a = 1", "400 unknown-table"],
        ["DROP TABLE t", "400 not-allowed"],
        ["COMMIT", "400 not-allowed"],
        ["SELECT 1; DELETE FROM t", "400 not-allowed"],
      ] as const) {
        const answer = await transaction.execute(statement);
        expectProblem(answer, refusal);
        expect(answer.body["transaction"], statement).toBeUndefined();
      }
      expect((await transaction.query("SELECT COUNT(*) AS n FROM t")).body["rows"]).toEqual([{ n: "3" }]);
      expect((await transaction.commit()).status).toBe(200);
      expect(await names(master)).toEqual(["one", "two", "three"]);
    });

    it("end with a deadlock, and say so", async () => {
      const [first, second] = [await begin(master), await begin(slave)];
      await first.execute("UPDATE t SET a = 'first' WHERE id = 1");
      await second.execute("UPDATE t SET a = 'second' WHERE id = 2");
      const answers = await Promise.all([
        first.execute("UPDATE t SET a = 'first' WHERE id = 2"),
        second.execute("UPDATE t SET a = 'second' WHERE id = 1"),
      ]);
      const lost = answers.findIndex(({ status }) => status !== 200);
      const victim = [first, second][lost];
      const survivor = [second, first][lost];
      const refusal = answers[lost];
      if (!victim || !survivor || !refusal) throw new Error("one of them had to lose");
      expectProblem(refusal, "409 deadlock");
      expect(refusal.body["transaction"]).toBe("rolled-back");
      await expectEnded(victim, "rolled-back", /statement failed/);
      expect((await survivor.commit()).status).toBe(200);
      expect(new Set(await names(master)).size).toBe(1);
    });

    it("end with a statement that ran too long, and say so", async () => {
      const transaction = await begin(slave);
      await transaction.execute("UPDATE t SET a = 'gone' WHERE id = 1");
      const answer = await transaction.execute("UPDATE t SET a = SLEEP(25)", { timeoutMs: 300 });
      expectProblem(answer, "504 timeout");
      expect(answer.body["transaction"]).toBe("rolled-back");
      await lockFromOutside(master, 1);
      await expectEnded(transaction, "rolled-back", /statement failed/);
    });

    it("are limited in number", async () => {
      const open = await Promise.all(
        Array.from({ length: OPEN_MAX }, (_, at) => begin(at % 2 === 0 ? master : slave)),
      );
      for (const node of cluster.nodes) {
        expectProblem(await node.post("/transactions", {}), "503 overloaded");
      }
      const metrics = await master.get("/metrics");
      expect(metrics.text).toMatch(new RegExp(`^understudy_open_transactions ${OPEN_MAX}$`, "m"));
      for (const transaction of open) expect((await transaction.rollback()).status).toBe(200);
      const next = await begin(slave);
      expect((await next.rollback()).status).toBe(200);
    });

    it("are not found under an id that no node has issued", async () => {
      const real = await begin(master);
      const { id } = real;
      const altered = (id[0] === "A" ? "B" : "A") + id.slice(1);
      for (const node of cluster.nodes) {
        for (const invented of [NEVER_ISSUED, altered, "1", "x".repeat(300)]) {
          const answers: Answer[] = [
            await node.get(`/transactions/${invented}`),
            await node.post(`/transactions/${invented}/query`, { sql: "SELECT 1" }),
            await node.post(`/transactions/${invented}/execute`, { sql: "DELETE FROM shop.t" }),
            await node.post(`/transactions/${invented}/commit`, {}),
            await node.post(`/transactions/${invented}/rollback`, {}),
          ];
          for (const answer of answers) expectProblem(answer, "404 not-found");
        }
      }
      expect((await real.rollback()).status).toBe(200);
    });

    it("wait with their commit's answer for the slaves that it asks for", async () => {
      const transaction = await begin(slave);
      await transaction.execute("DELETE FROM t WHERE id = 1");
      expectProblem(await transaction.commit({ ack: 7 }), "400 invalid-request");
      const committed = await transaction.commit({ ack: 1 });
      expect(committed.status, committed.text).toBe(200);
      expect(committed.body["acks"]).toEqual([slave.nodeId]);
      expect(await names(slave)).toEqual(["two"]);
    });

    it("write no row of their own where they changed nothing", async () => {
      const before = await rowsOf(master, "SELECT COUNT(*) AS n FROM understudy.idempotency_keys");
      const transaction = await begin(slave);
      await transaction.query("SELECT a FROM t");
      expect((await transaction.commit()).status).toBe(200);
      expect(await rowsOf(master, "SELECT COUNT(*) AS n FROM understudy.idempotency_keys")).toEqual(before);
    });
  });
}
