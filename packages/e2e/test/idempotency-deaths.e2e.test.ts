// Writes under an idempotency key have one effect whatever dies in between: the master's node, its database server, a connection.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { seededRandom, systemClock } from "@understudy/kernel";
import { type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import {
  add,
  counted,
  expectEqualShops,
  numberOf,
  POLL,
  resetCounter,
  RESTARTS_MS,
  startShop,
  told,
  under,
} from "./keyed-shop.ts";

/** Sends until the node, or the master behind it, answers with something that is not its being away. */
async function insist(node: ClusterNode, path: string, body: unknown, key: string): Promise<Answer> {
  let last: Answer | null = null;
  await expect
    .poll(async () => {
      last = await node.post(path, body, under(key)).catch(() => null);
      return last !== null && last.status < 500;
    }, POLL)
    .toBe(true);
  if (!last) throw new Error("there is an answer");
  return last;
}

for (const flavour of testFlavours()) {
  describe(`idempotency keys and deaths on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;

    /** Statements that run in the master's database server now, by their first words. */
    const running = (words: string): Promise<number> =>
      numberOf(master, `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '${words}%'`);

    beforeAll(async () => {
      ({ cluster, master, slave } = await startShop(flavour));
    });

    beforeEach(async () => {
      await resetCounter(master);
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    it(
      "has one effect where the master's node is killed around the commit",
      async () => {
        const random = seededRandom(7);
        for (let round = 0; round < 6; round++) {
          const key = randomUUID();
          const body = { sql: "INSERT INTO shop.ledger (tag) VALUES (?)", params: [key] };
          const effects = `SELECT COUNT(*) FROM shop.ledger WHERE tag = '${key}'`;
          const first = master.post("/execute", body, under(key)).catch(() => null);
          if (round % 2 === 0)
            await expect.poll(() => numberOf(master, effects), { ...POLL, interval: 1 }).toBe(1);
          else await systemClock.sleep(random() * 12);
          await master.killHard();
          await first;
          await master.start();
          const again = await insist(round % 3 === 0 ? slave : master, "/execute", body, key);
          expect(told(again), again.text).toMatchObject({ status: 200, answer: { affectedRows: 1 } });
          if (round % 2 === 0) expect(again.headers["idempotency-replayed"]).toBe("true");
          expect(await numberOf(master, effects)).toBe(1);
        }
        await cluster.waitUntilReplicating();
      },
      RESTARTS_MS,
    );

    it(
      "has one effect where the connection of a forwarding slave breaks, without a key of the client's",
      async () => {
        const tags = Array.from({ length: 20 }, () => randomUUID());
        const slow = "INSERT INTO shop.ledger (tag) SELECT ? FROM (SELECT SLEEP(1)) s";
        const answering = Promise.allSettled(
          tags.map((tag) => slave.post("/execute", { sql: slow, params: [tag] }, { timeoutMs: 90_000 })),
        );
        await expect
          .poll(() => running("INSERT INTO shop.ledger"), { ...POLL, interval: 1 })
          .toBe(tags.length);
        const killedMs = systemClock.monotonicMs();
        await master.killHard();
        await master.start();
        await expect.poll(async () => (await master.get("/health/master")).status, POLL).toBe(200);
        // a slave sends again for 10 s; a machine that is so slow shows less
        const isInTime = systemClock.monotonicMs() - killedMs < 8_000;
        const answers = await answering;
        for (const [index, answer] of answers.entries()) {
          if (answer.status === "rejected") throw answer.reason;
          const { value } = answer;
          if (isInTime) expect(value.body, value.text).toMatchObject({ affectedRows: 1 });
          const effects = await numberOf(
            master,
            `SELECT COUNT(*) FROM shop.ledger WHERE tag = '${tags[index]}'`,
          );
          if (value.status === 200) expect(effects).toBe(1);
          else {
            expectProblem(value, "502 write-uncertain");
            expect(effects).toBeLessThanOrEqual(1);
          }
        }
        await cluster.waitUntilReplicating();
      },
      RESTARTS_MS,
    );

    it(
      "has one effect where the master's database server is killed under the write",
      async () => {
        const random = seededRandom(8);
        for (let round = 0; round < 3; round++) {
          const key = randomUUID();
          const body = { sql: "INSERT INTO shop.ledger (tag) VALUES (?)", params: [key] };
          const first = Promise.allSettled([master.post("/execute", body, under(key))]);
          await systemClock.sleep(random() * 10);
          await master.database.killHard();
          await first;
          await master.database.start();
          const again = await insist(slave, "/execute", body, key);
          expect(told(again), again.text).toMatchObject({ status: 200, answer: { affectedRows: 1 } });
          expect(await numberOf(master, `SELECT COUNT(*) FROM shop.ledger WHERE tag = '${key}'`)).toBe(1);
        }
        await cluster.waitUntilReplicating();
      },
      RESTARTS_MS,
    );

    it(
      "is answered by a slave that has it while no master can be reached",
      async () => {
        const key = randomUUID();
        const done = await master.post("/execute", add, under(key));
        await cluster.waitForSync();
        await master.killHard();
        const answer = await slave.post("/execute", add, under(key));
        expect(told(answer), answer.text).toEqual(told(done));
        expect(answer.headers["idempotency-replayed"]).toBe("true");
        expect(answer.headers["x-understudy-node"]).toBe(slave.nodeId);
        expect(answer.body["acks"]).toEqual([slave.nodeId]);
        expect((await slave.post("/execute", { ...add, ack: 1 }, under(key))).status).toBe(200);
        const unsure = await slave.post("/execute", { ...add, ack: 2 }, under(key));
        expectProblem(unsure, "504 ack-timeout");
        expect(unsure.body["committed"]).toBe(true);
        expectProblem(
          await slave.post("/execute", { sql: "DELETE FROM shop.counter" }, under(key)),
          "422 idempotency-mismatch",
        );
        expectProblem(await slave.post("/execute", add, under(randomUUID())), "503 no-leader");
        await master.start();
        await cluster.waitUntilReplicating();
        expect(await counted(slave)).toBe(1);
      },
      RESTARTS_MS,
    );

    it(
      "says that it can't tell where the node dies under a statement that commits by itself",
      async () => {
        const key = randomUUID();
        const create = { sql: "CREATE TABLE shop.slow (PRIMARY KEY (id)) AS SELECT 1 AS id, SLEEP(3) AS s" };
        const first = master.post("/execute", create, under(key)).catch(() => null);
        await expect.poll(() => running("CREATE TABLE shop.slow"), POLL).toBe(1);
        const twin = master.post("/execute", create, under(key)).catch(() => null);
        await master.killHard();
        expect(await Promise.all([first, twin])).toEqual([null, null]);
        await master.start();
        for (const node of [slave, master]) {
          const answer = await insist(node, "/execute", create, key);
          const detail = expectProblem(answer, "409 idempotency-unresolved");
          expect(answer.body).toMatchObject({ statement: "CREATE", node: master.nodeId });
          expect(Date.parse(String(answer.body["firstTry"]))).toBeGreaterThan(Date.now() - 60_000);
          expect(detail).toContain("new key");
        }
        await expect.poll(() => running("CREATE TABLE shop.slow"), POLL).toBe(0);
        await master.post("/execute", { sql: "DROP TABLE IF EXISTS shop.slow" });
        const anew = await insist(slave, "/execute", create, randomUUID());
        expect(anew.status, anew.text).toBe(200);
        await cluster.waitUntilReplicating();
      },
      RESTARTS_MS,
    );

    it("leaves both nodes equal", async () => {
      await expectEqualShops(cluster);
    });
  });
}
