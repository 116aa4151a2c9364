// The word that a transaction leaves of itself, on real servers: who asks for it settles it, against commits at the same time.
import { openTestServer, testFlavours } from "@understudy/database-server";
import { silentLogger, systemClock } from "@understudy/kernel";
import {
  BeforeCommitError,
  openSqlExecutor,
  parseDatabaseUrl,
  type SqlExecutor,
} from "@understudy/sql-executor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterStore } from "../src/cluster/cluster-store.ts";
import { KeptOutcomes } from "../src/transactions/kept-outcomes.ts";
import { insertStatement, KEYS_TABLE, KeyStore } from "../src/writes/idempotency/key-store.ts";
import { sealRow } from "../src/writes/idempotency/kept-row.ts";

for (const flavour of testFlavours()) {
  describe(`outcomes of transactions on ${flavour}`, () => {
    const stack = new AsyncDisposableStack();
    let executor: SqlExecutor;
    let outcomes: KeptOutcomes;
    let store: KeyStore;

    beforeAll(async () => {
      const server = stack.use(await openTestServer(flavour));
      executor = stack.use(
        await openSqlExecutor({
          endpoint: parseDatabaseUrl(server.url),
          clock: systemClock,
          logger: silentLogger,
        }),
      );
      const cluster = new ClusterStore(executor);
      await cluster.lead(
        { nodeId: "node1", url: "http://127.0.0.1:8083", serverVersion: "", version: "" },
        { clusterId: undefined, epoch: null },
        await cluster.readBasis(undefined),
      );
      await executor.allowKeeping(KEYS_TABLE);
      await executor.execute({ sql: "CREATE DATABASE shop" });
      await executor.execute({ sql: "CREATE TABLE shop.t (id INT PRIMARY KEY)" });
      store = new KeyStore(executor);
      outcomes = new KeptOutcomes({
        store,
        secret: await cluster.idempotencySecret(),
        nodeId: "node1",
        clock: systemClock,
        positionNow: async () => "1:now",
      });
    });

    afterAll(async () => stack.disposeAsync());

    const countOf = async (id: number): Promise<unknown> =>
      (await executor.query({ sql: `SELECT id FROM shop.t WHERE id = ${id}` })).rowCount;

    it("are committed with the transaction, or not at all", async () => {
      const transaction = await executor.openTransaction({});
      await transaction.execute({ sql: "INSERT INTO shop.t VALUES (1)" });
      await transaction.commit(outcomes.keep("first"));
      const committed = { state: "committed", reason: "it is in the database", position: "1:now" };
      expect(await outcomes.find("first")).toEqual(committed);
      expect(await outcomes.settle("first")).toEqual(committed);
      expect(await outcomes.find("second")).toBeNull();
    });

    it("settled as rolled back stand in the way of a late commit", async () => {
      const transaction = await executor.openTransaction({});
      await transaction.execute({ sql: "INSERT INTO shop.t VALUES (2)" });
      expect(await outcomes.settle("late")).toMatchObject({ state: "rolled-back", position: null });
      await expect(transaction.commit(outcomes.keep("late"))).rejects.toThrow(BeforeCommitError);
      expect(await countOf(2)).toBe(0);
      expect(await outcomes.find("late")).toMatchObject({ state: "rolled-back" });
    });

    it("wait for a transaction that has said its word and not committed yet", async () => {
      for (const [id, end, state] of [
        ["waits and is there", "COMMIT", "committed"],
        ["waits and is not", "ROLLBACK", "rolled-back"],
      ] as const) {
        const { settling } = await executor.withAdmin(async (session) => {
          const { sql, params } = outcomes.keep(id);
          await session.run("START TRANSACTION");
          await session.run(sql, params);
          const asked = outcomes.settle(id);
          await expect.poll(() => waitingStatements(executor), { timeout: 5000 }).toBe(1);
          await session.run(end);
          return { settling: asked };
        });
        expect(await settling).toMatchObject({ state });
      }
    });

    it("settle once, however many ask", async () => {
      const states = await Promise.all(Array.from({ length: 6 }, () => outcomes.settle("many ask")));
      expect(new Set(states.map(({ state }) => state))).toEqual(new Set(["rolled-back"]));
    });

    it("do not believe a row that no node has sealed, and leave it where they only look", async () => {
      const row = {
        key: "transaction forged",
        hash: new Uint8Array(32),
        state: "done",
        status: 200,
        answer: null,
        nodeId: "node1",
        createdMs: Date.now(),
        expiresMs: Date.now() + 3_600_000,
      } as const;
      const { sql, params } = insertStatement(sealRow(row, new Uint8Array(32)));
      await executor.withAdmin((session) => session.run(sql, params));
      expect(await outcomes.find("forged")).toBeNull();
      expect(await store.find(row.key, { settled: false })).not.toBeNull();
      expect(await outcomes.settle("forged")).toMatchObject({ state: "rolled-back" });
      expect(await outcomes.find("forged")).toMatchObject({ state: "rolled-back" });
    });
  });
}

/**
 * Statements that wait for the row of somebody else. (`INNODB_TRX` would not do: it shows a copy, which is made anew only once nobody
 * has looked for 100 ms.)
 */
async function waitingStatements(executor: SqlExecutor): Promise<number> {
  const [row] = await executor.withAdmin((session) =>
    session.rows("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"),
  );
  return Number(row?.["Value"]);
}
