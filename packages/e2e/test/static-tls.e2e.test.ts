// A cluster without etcd in which everybody speaks TLS and shows a certificate: what nodes say to each other, a person's failover, and the
// way back of a master that has something of its own, all go over it.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { testFlavours } from "@understudy/database-server";
import type { QuarantineEntry } from "@understudy/protocol";
import { openTestAuthority } from "@understudy/tls/test-authority";
import {
  expectAllEqual,
  ledgerFaults,
  rowsOf,
  startCluster,
  startLedgerWorkload,
  type Cluster,
  type ClusterNode,
} from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { loseWrites, PATIENCE_MS, untilJob } from "./rejoin-steps.ts";

const STEP_MS = 180_000;
const WRITES = 30;
const WAIT = { timeout: PATIENCE_MS };

describe.each(testFlavours())("a cluster without etcd, with TLS on every link, on %s", (flavour) => {
  const owned = new AsyncDisposableStack();
  let cluster: Cluster;
  let first: ClusterNode;
  let second: ClusterNode;
  let third: ClusterNode;

  beforeAll(async () => {
    const authority = owned.use(await openTestAuthority());
    cluster = owned.use(await startCluster({ flavour, slaves: 2, authority }));
    [first, second, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
    await first.post("/createdb", { name: "shop" });
    const made = await first.post("/execute", {
      sql: "CREATE TABLE shop.t (id INT PRIMARY KEY)",
      ack: "all",
      ackTimeoutMs: PATIENCE_MS,
    });
    expect(made.status, made.text).toBe(200);
  }, STEP_MS);

  afterAll(() => owned.disposeAsync());

  const insert = (node: ClusterNode, id: number, ack: string | number) =>
    node.post("/insert", { database: "shop", table: "t", record: { id }, ack, ackTimeoutMs: PATIENCE_MS });
  const idsOn = async (node: ClusterNode): Promise<number[]> =>
    (await rowsOf(node, "SELECT id FROM shop.t ORDER BY id")).map(({ id }) => Number(id));

  it("replicates and passes writes on, and lets no node in that shows no certificate", async () => {
    expect(await insert(first, 1, "all")).toMatchObject({ status: 201 });
    expect(await insert(second, 2, "all")).toMatchObject({ status: 201 });
    for (const node of cluster.nodes) expect(await idsOn(node), node.nodeId).toEqual([1, 2]);
    for (const node of cluster.nodes) expect((await node.get("/cluster")).text).not.toContain("http://");
    // whoever asks in this test shows none
    for (const path of ["/replicate/position", "/replicate/snapshot?for=node9"]) {
      expect(expectProblem(await first.get(path), "403 forbidden"), path).toContain("client certificate");
    }
  });

  it(
    "fails over by a person's word; the old master keeps what only it has, copies, and follows",
    async () => {
      await loseWrites(cluster, { master: first, successor: second }, async () => {
        expect(await insert(first, 100, "async")).toMatchObject({ status: 201 });
      });
      await vi.waitFor(async () => expect(await insert(third, 3, 1)).toMatchObject({ status: 201 }), WAIT);
      await first.start();
      const job = await untilJob(first, ({ state }) => state !== "running");
      expect(job, JSON.stringify(job)).toMatchObject({ kind: "rebuild", state: "done" });
      expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(second.nodeId);
      expect(await insert(first, 4, "all")).toMatchObject({ status: 201 });
      await expectAllEqual(cluster, second);
      for (const node of cluster.nodes) expect(await idsOn(node), node.nodeId).toEqual([1, 2, 3, 4]);
    },
    STEP_MS,
  );

  it("has it looked at and applied from another node than the one that holds it", async () => {
    const { body, text } = await third.get("/cluster/quarantine");
    expect(body["unreachable"], text).toEqual([]);
    const entries = (body["entries"] as QuarantineEntry[]).filter(
      ({ manifest }) => manifest.clientTransactionCount > 0,
    );
    expect(entries).toMatchObject([{ state: "open", manifest: { node: first.nodeId } }]);
    const path = `/cluster/quarantine/${entries[0]?.manifest.id}`;
    expect((await third.get(`${path}/listing`)).text).toContain("100");
    const applied = await third.post(`${path}/apply`, { mode: "apply" });
    expect(applied, applied.text).toMatchObject({ status: 200, body: { applied: 1, conflicts: 0 } });
    await cluster.waitForSync(PATIENCE_MS, second);
    await expectAllEqual(cluster, second);
    for (const node of cluster.nodes) expect(await idsOn(node), node.nodeId).toEqual([1, 2, 3, 4, 100]);
  });

  it(
    "hands the lead back without a failed write, and remembers it over restarts",
    async () => {
      await using workload = await startLedgerWorkload(second, cluster.nodes);
      await workload.confirms(WRITES, PATIENCE_MS);
      const begun = await third.post("/cluster/switchover", { to: first.nodeId });
      expect(begun.status, begun.text).toBe(202);
      const job = await untilJob(second, ({ id, state }) => id === begun.body["id"] && state !== "running");
      expect(job, JSON.stringify(job)).toMatchObject({ state: "done" });
      expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(first.nodeId);
      await workload.confirms(WRITES, PATIENCE_MS);
      const ledger = await workload.stop();
      expect([...ledger.refused, ...ledger.uncertain]).toEqual([]);
      for (const node of cluster.nodes) await node.stop();
      await Promise.all(cluster.nodes.map((node) => node.start()));
      expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(first.nodeId);
      expect(await insert(third, 5, "all")).toMatchObject({ status: 201 });
      await expectAllEqual(cluster, first);
      for (const node of cluster.nodes) expect(await ledgerFaults(node, ledger), node.nodeId).toEqual([]);
    },
    STEP_MS,
  );
});
