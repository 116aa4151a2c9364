// Masters die, are handed over and are named by a person: who leads next has all that was confirmed, clients wait instead of failing,
// and who comes back follows.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { systemClock } from "@understudy/kernel";
import {
  expectAllEqual,
  ledgerFaults,
  rowsOf,
  startCluster,
  startLedgerWorkload,
  type Answer,
  type Cluster,
  type ClusterNode,
  type Ledger,
} from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { inSync } from "./in-sync.ts";
import { InteractiveTransaction } from "./interactive-transaction.ts";
import { untilJob } from "./rejoin-steps.ts";

/** Of one wait for a condition; a machine that is busy with other things may need it. */
const PATIENCE_MS = 60_000;
const STEP_MS = 120_000;
/** By then the lease that the master had in etcd is over, and so is what its slaves have promised first. */
const LEASES_MS = 8_000;
const WRITES = 30;
/** Codes of nodes that know no master. */
const NOT_TAKEN = ["no-leader", "starting"];
/** Ids of writes that are sent when the master has just died. */
const WAITING = Array.from({ length: 20 }, (_, index) => 100 + index);

async function epochOf(node: ClusterNode): Promise<bigint> {
  return BigInt(String((await node.get("/ping")).body["epoch"]));
}

/** Who leads, when all nodes replicate; the others after it. */
async function inOrder(cluster: Cluster): Promise<[ClusterNode, ClusterNode, ClusterNode]> {
  const leader = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
  const [first, second] = cluster.others(leader);
  if (!first || !second) throw new Error("three nodes were asked for");
  return [leader, first, second];
}

async function insert(node: ClusterNode, id: number, headers: Record<string, string> = {}): Promise<Answer> {
  const body = { database: "shop", table: "t", record: { id, note: "…" } };
  return node.post("/insert", body, { headers });
}

async function countOf(node: ClusterNode, id: number): Promise<unknown> {
  const [row] = await rowsOf(node, "SELECT COUNT(*) AS n FROM shop.t WHERE id = ?", [id]);
  return row?.["n"];
}

/** Where `/health/master` is 200. */
async function healthyMasters(nodes: readonly ClusterNode[]): Promise<string[]> {
  const answers = await Promise.all(nodes.map((node) => node.get("/health/master")));
  return nodes.filter((_, index) => answers[index]?.status === 200).map(({ nodeId }) => nodeId);
}

async function expectAsWritten(cluster: Cluster, leader: ClusterNode, ledger: Ledger): Promise<void> {
  await expectAllEqual(cluster, leader);
  for (const node of cluster.nodes) expect(await ledgerFaults(node, ledger), node.nodeId).toEqual([]);
}

for (const flavour of testFlavours()) {
  describe(`a cluster with etcd on ${flavour}`, () => {
    let cluster: Cluster;

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 2, etcd: 1 });
      const { master } = cluster;
      expect((await master.post("/createdb", { name: "shop" })).status).toBe(201);
      // without a primary key, so that a doubled row would show
      const sql = "CREATE TABLE shop.t (id INT, note VARCHAR(20))";
      expect((await master.post("/execute", { sql })).status).toBe(200);
    });

    afterAll(async () => cluster[Symbol.asyncDispose]());

    describe("when the master's node is killed", () => {
      let old: ClusterNode;
      let leader: ClusterNode;
      let other: ClusterNode;
      let answers: readonly Answer[];
      let keyed: Answer;
      let begunAtMs: number;
      let killedAtMs: number;
      let open: InteractiveTransaction;
      let committed: InteractiveTransaction;

      beforeAll(async () => {
        begunAtMs = Date.now();
        const [master, slave, third] = await inOrder(cluster);
        old = master;
        const epoch = await epochOf(old);
        keyed = await insert(slave, 1, { "idempotency-key": "order-1" });
        committed = await InteractiveTransaction.begin(slave, { database: "shop" });
        await committed.execute("INSERT INTO t VALUES (2, 'kept')");
        expect((await committed.commit()).status).toBe(200);
        open = await InteractiveTransaction.begin(slave, { database: "shop", idleTimeoutMs: 60_000 });
        await open.execute("INSERT INTO t VALUES (3, 'open')");
        await cluster.waitForSync(PATIENCE_MS, old);
        await old.killHard();
        killedAtMs = Date.now();
        answers = await Promise.all(WAITING.map((id) => insert(id % 2 === 0 ? slave : third, id)));
        leader = await cluster.waitForLeader([slave, third], epoch);
        other = leader === slave ? third : slave;
      }, STEP_MS);

      it("answers writes that slaves were sent while nobody led, each with one effect", async () => {
        expect(answers.map(({ status, text }) => (status === 201 ? "" : text)).join("")).toBe("");
        const rows = await rowsOf(leader, "SELECT id FROM shop.t WHERE id >= ?", [WAITING[0]]);
        expect(rows.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(WAITING);
      });

      it("is found by /health/master and named by the plan and the view of every node", async () => {
        expect(await healthyMasters([leader, other])).toEqual([leader.nodeId]);
        for (const node of [leader, other]) {
          const plan = async (): Promise<unknown> => (await node.get("/cluster/plan")).body["winner"];
          await expect.poll(plan, { timeout: PATIENCE_MS }).toBe(other.nodeId);
          const { body } = await node.get("/cluster");
          expect(body).toMatchObject({ election: "etcd", leader: { nodeId: leader.nodeId } });
        }
      });

      it("tells when the old master was last seen, though it never was while the new one led", async () => {
        const { body } = await leader.get("/cluster");
        const members = body["members"] as { readonly nodeId: string; readonly lastSeen: string | null }[];
        const lastSeen = members.find(({ nodeId }) => nodeId === old.nodeId)?.lastSeen ?? "";
        expect(Date.parse(lastSeen)).toBeGreaterThan(begunAtMs);
        expect(Date.parse(lastSeen)).toBeLessThanOrEqual(killedAtMs);
      });

      it("answers a write that was sent before under the same key as then", async () => {
        const again = await insert(other, 1, { "idempotency-key": "order-1" });
        expect(again).toMatchObject({ status: 201, headers: { "idempotency-replayed": "true" } });
        expect(again.body["affectedRows"]).toEqual(keyed.body["affectedRows"]);
        expect(await countOf(leader, 1)).toBe(1);
      });

      it("tells what became of the old master's transactions", async () => {
        const answer = await open.commit();
        expectProblem(answer, "410 transaction-expired");
        expect(answer.body["outcome"]).toBe("rolled-back");
        expect(await countOf(leader, 3)).toBe(0);
        const end = await leader.get(`/transactions/${committed.id}`);
        expect(end).toMatchObject({ status: 200, body: { state: "committed" } });
      });

      it(
        "has the old master follow when it comes back, and all are equal",
        async () => {
          await old.start();
          expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(leader.nodeId);
          expect(await healthyMasters(cluster.nodes)).toEqual([leader.nodeId]);
          await expectAllEqual(cluster, leader);
        },
        STEP_MS,
      );

      it("shows what was confirmed before at every node that is asked for it", async () => {
        for (const node of cluster.nodes) {
          for (const { body } of [keyed, ...answers]) {
            const sql = "SELECT COUNT(*) AS n FROM t";
            const answer = await node.post("/query", { database: "shop", sql, after: body["position"] });
            expect(answer.body["rows"], answer.text).toEqual([{ n: String(WAITING.length + 2) }]);
          }
        }
      });
    });

    it(
      "has another master when the database server of the first is killed",
      async () => {
        const [old, ...slaves] = await inOrder(cluster);
        const epoch = await epochOf(old);
        expect((await insert(old, 10)).status).toBe(201);
        await old.database.killHard();
        const leader = await cluster.waitForLeader(slaves, epoch);
        for (const node of slaves) expect((await insert(node, 11)).status).toBe(201);
        expect(await healthyMasters(cluster.nodes)).toEqual([leader.nodeId]);
        await old.database.start();
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(leader.nodeId);
        await expectAllEqual(cluster, leader);
        for (const node of cluster.nodes) {
          expect([await countOf(node, 10), await countOf(node, 11)]).toEqual([1, 2]);
        }
      },
      STEP_MS,
    );

    it(
      "shows no strong read what the next master could lack",
      async () => {
        const [leader, ...slaves] = await inOrder(cluster);
        const nodes = slaves.map(({ nodeId }) => `/cluster/nodes/${nodeId}`);
        for (const node of nodes) expect((await leader.post(`${node}/pause`, {})).status).toBe(200);
        const record = { id: 19, note: "only here" };
        const write = { database: "shop", table: "t", record, ack: "async" };
        expect((await leader.post("/insert", write)).status).toBe(201);
        expect(await countOf(leader, 19)).toBe(1);
        const read = { sql: "SELECT id FROM shop.t WHERE id = 19", consistency: "strong" };
        for (const node of [leader, ...slaves]) {
          expectProblem(await node.post("/query", { ...read, waitMs: 200 }), "503 too-stale");
        }
        for (const node of nodes) expect((await leader.post(`${node}/resume`, {})).status).toBe(200);
        const { status, body } = await leader.post("/query", { ...read, waitMs: PATIENCE_MS });
        expect([status, body["rowCount"]]).toEqual([200, 1]);
        await cluster.waitUntilReplicating(PATIENCE_MS);
      },
      STEP_MS,
    );

    it(
      "goes on as before where a switchover is cancelled before its hand-over, asked of any node",
      async () => {
        const [leader, target, other] = await inOrder(cluster);
        const nodes = `/cluster/nodes/${target.nodeId}`;
        // a node is known to the election a moment after it replicates
        const plan = async (): Promise<string> => (await leader.get("/cluster/plan")).text;
        await expect.poll(plan, { timeout: PATIENCE_MS }).toContain(`"nodeId":"${target.nodeId}"`);
        // so that the switchover waits for what its target lacks
        expect((await leader.post(`${nodes}/pause`, {})).status).toBe(200);
        expect((await insert(leader, 50)).status).toBe(201);
        const begun = await other.post("/cluster/switchover", { to: target.nodeId });
        expect(begun.status, begun.text).toBe(202);
        const path = `/jobs/${String(begun.body["id"])}`;
        const cancelled = await other.delete(path);
        expect(cancelled.status, cancelled.text).toBe(202);
        const job = async (): Promise<unknown> => (await target.get(path)).body["state"];
        await expect.poll(job, { timeout: PATIENCE_MS }).toBe("failed");
        expect((await target.get(path)).body["error"]).toBe("it was cancelled");
        expect((await leader.post(`${nodes}/resume`, {})).status).toBe(200);
        expect((await insert(other, 51)).status).toBe(201);
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(leader.nodeId);
        for (const id of [50, 51]) expect(await countOf(leader, id)).toBe(1);
        await expectAllEqual(cluster, leader);
      },
      STEP_MS,
    );

    it(
      "gives the lead up where the master's database server dies during a switchover",
      async () => {
        const [old, target, other] = await inOrder(cluster);
        const plan = async (): Promise<string> => (await old.get("/cluster/plan")).text;
        await expect.poll(plan, { timeout: PATIENCE_MS }).toContain(`"nodeId":"${target.nodeId}"`);
        const epoch = await epochOf(old);
        // the switchover waits for it with writes held, and then for what its target lacks with nothing tried on the server
        const open = await InteractiveTransaction.begin(old, { database: "shop", idleTimeoutMs: 60_000 });
        await open.execute("INSERT INTO t VALUES (60, 'last')");
        const begun = await old.post("/cluster/switchover", { to: target.nodeId });
        expect(begun.status, begun.text).toBe(202);
        const path = `/jobs/${String(begun.body["id"])}`;
        const job = async (): Promise<string> => (await old.get(path)).text;
        await expect.poll(job, { timeout: PATIENCE_MS }).toContain("1 interactive transactions are open");
        expect((await old.post(`/cluster/nodes/${target.nodeId}/pause`, {})).status).toBe(200);
        expect((await open.commit()).status).toBe(200);
        await expect
          .poll(job, { timeout: PATIENCE_MS })
          .toContain(`wait until ${target.nodeId} has everything`);
        await old.database.killHard();
        const held = insert(other, 61, { "idempotency-key": "order-61" });
        await expect.poll(job, { timeout: PATIENCE_MS }).toContain('"state":"failed"');
        await cluster.waitForLeader([target, other], epoch);
        expect((await held).status).toBe(201);
        await old.database.start();
        const leader = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
        for (const id of [60, 61]) expect(await countOf(leader, id)).toBe(1);
        const said = (await old.get("/cluster/events?limit=1000")).text;
        expect(said).toContain("the switchover failed");
        await expectAllEqual(cluster, leader);
      },
      STEP_MS,
    );

    it(
      "hands the lead over under load without a failed write",
      async () => {
        const [old, target, other] = await inOrder(cluster);
        await using workload = await startLedgerWorkload(old, cluster.nodes);
        await workload.confirms(WRITES, PATIENCE_MS);
        const begun = await other.post("/cluster/switchover", { to: target.nodeId });
        expect(begun.status, begun.text).toBe(202);
        for (const node of cluster.nodes) {
          const job = async (): Promise<Answer> => node.get(`/jobs/${String(begun.body["id"])}`);
          await expect.poll(async () => (await job()).body["state"], { timeout: PATIENCE_MS }).toBe("done");
        }
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(target.nodeId);
        await workload.confirms(WRITES, PATIENCE_MS);
        const ledger = await workload.stop();
        expect([...ledger.refused, ...ledger.uncertain]).toEqual([]);
        await expectAsWritten(cluster, target, ledger);
      },
      STEP_MS,
    );

    it(
      "does without a slave whose data are replaced, from before they are",
      async () => {
        const [old, other, copied] = await inOrder(cluster);
        await expect
          .poll(() => inSync(cluster), { timeout: PATIENCE_MS })
          .toEqual([other.nodeId, copied.nodeId].toSorted());
        const epoch = await epochOf(old);
        const asked = await old.post(`/cluster/nodes/${copied.nodeId}/rebuild`, {});
        expect(asked.status, asked.text).toBe(202);
        await untilJob(copied, ({ kind }) => kind === "rebuild");
        expect(await inSync(cluster)).toEqual([other.nodeId]);
        await old.killHard();
        expect(await cluster.waitForLeader([other], epoch)).toBe(other);
        await old.start();
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(other.nodeId);
        expect((await insert(copied, 60)).status).toBe(201);
        await expectAllEqual(cluster, other);
      },
      STEP_MS,
    );

    it(
      "goes on without etcd while all answer, is silent without one of them, and goes on when etcd is back",
      async () => {
        const [leader, slave, lost] = await inOrder(cluster);
        const [etcd] = cluster.etcd;
        if (!etcd) throw new Error("an etcd was asked for");
        const killedMs = systemClock.monotonicMs();
        const said = async (): Promise<string> => (await leader.get("/cluster/events?limit=1000")).text;
        await etcd.killHard();
        await expect.poll(said, { timeout: PATIENCE_MS }).toContain("leads on without etcd");
        let written = 0;
        while (systemClock.monotonicMs() < killedMs + LEASES_MS) {
          const answer = await insert(slave, 20);
          expect(answer.status, answer.text).toBe(201);
          written++;
        }

        await lost.killHard();
        await expect.poll(() => healthyMasters([leader, slave]), { timeout: PATIENCE_MS }).toEqual([]);
        const read = { database: "shop", sql: "SELECT id FROM t", consistency: "strong" };
        const refused = await Promise.all([
          insert(leader, 21),
          insert(slave, 21),
          leader.post("/query", read),
        ]);
        // each of these means: nothing was written, nothing was read
        for (const { body, text } of refused) expect(NOT_TAKEN, text).toContain(body["code"]);
        expect((await slave.post("/query", { ...read, consistency: "local" })).status).toBe(200);

        await Promise.all([etcd.start(), lost.start()]);
        const [next] = await inOrder(cluster);
        expect((await insert(slave, 22)).status).toBe(201);
        await expectAllEqual(cluster, next);
        const counts = await Promise.all([20, 21, 22].map((id) => countOf(slave, id)));
        expect(counts).toEqual([written, 0, 1]);
      },
      STEP_MS,
    );
  });

  describe(`a cluster without etcd on ${flavour}`, () => {
    it(
      "has another master by a person's word, and the old one follows it when it is started again",
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 2 });
        const [old, next, other] = await inOrder(cluster);
        await old.post("/createdb", { name: "shop" });
        await old.post("/execute", { sql: "CREATE TABLE shop.t (id INT, note VARCHAR(20))" });
        expect((await insert(old, 1)).status).toBe(201);
        await cluster.waitForSync();
        await old.killHard();
        expectProblem(await insert(other, 2), "503 no-leader");

        expectProblem(await next.post("/cluster/failover", {}), "409 promotion-blocked");
        expect(await healthyMasters([next, other])).toEqual([]);
        const forced = await next.post("/cluster/failover", { acceptLoss: true });
        expect(forced).toMatchObject({ status: 200, body: { leader: next.nodeId, epoch: "2" } });
        const isWritten = async (): Promise<number> => (await insert(other, 3)).status;
        await expect.poll(isWritten, { timeout: PATIENCE_MS }).toBe(201);

        await old.start();
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(next.nodeId);
        expect((await insert(old, 4)).status).toBe(201);
        await expectAllEqual(cluster, next);
        expect(await healthyMasters(cluster.nodes)).toEqual([next.nodeId]);
        expect(await Promise.all([1, 2, 3, 4].map((id) => countOf(old, id)))).toEqual([1, 0, 1, 1]);
      },
      STEP_MS,
    );
  });
}
