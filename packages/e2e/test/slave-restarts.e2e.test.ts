// A slave that was away, held back or spoilt: it comes back by itself or says what stands in its way, and skips nothing.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { systemClock } from "@understudy/kernel";
import {
  expectAllEqual,
  rowsOf,
  sql,
  startCluster,
  type Answer,
  type Cluster,
  type ClusterNode,
} from "../src/index.ts";

const WAIT_MS = 30_000;
const POLL_MS = 50;

interface MemberView {
  readonly nodeId: string;
  readonly state: string;
  readonly reason: string;
  readonly queue: { readonly mode: string } | null;
}

/** Asks until the answer is as wanted, and gives it; after {@link WAIT_MS} throws with the last one. */
async function eventually<T>(ask: () => Promise<T>, isWanted: (value: T) => boolean): Promise<T> {
  const deadline = systemClock.monotonicMs() + WAIT_MS;
  for (;;) {
    const value = await ask();
    if (isWanted(value)) return value;
    if (systemClock.monotonicMs() > deadline)
      throw new Error(`still ${JSON.stringify(value).slice(0, 2000)}`);
    await systemClock.sleep(POLL_MS);
  }
}

/** A member as `node` sees it. */
async function memberOn(node: ClusterNode, nodeId: string): Promise<MemberView> {
  const { body, text } = await node.get("/cluster");
  const members = (body["members"] ?? []) as readonly MemberView[];
  const member = members.find((one) => one.nodeId === nodeId);
  if (!member) throw new Error(`${node.nodeId} knows no ${nodeId}: ${text}`);
  return member;
}

async function eventsOf(
  node: ClusterNode,
): Promise<readonly { readonly kind: string; readonly message: string }[]> {
  const { body } = await node.get("/cluster/events?limit=1000");
  return body["events"] as readonly { readonly kind: string; readonly message: string }[];
}

for (const flavour of testFlavours()) {
  describe(`slaves on ${flavour}`, { timeout: 120_000 }, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let first: ClusterNode;
    let second: ClusterNode;
    let written = 0;

    beforeAll(async () => {
      cluster = await startCluster({
        flavour,
        slaves: 2,
        environment: { UNDERSTUDY_PROBE_INTERVAL_MS: "500", UNDERSTUDY_PROBE_TIMEOUT_MS: "500" },
      });
      const [slave, other] = cluster.slaves;
      if (!slave || !other) throw new Error("two slaves were asked for");
      master = cluster.master;
      first = slave;
      second = other;
      await master.post("/createdb", { name: "d" });
      await master.post("/createtable", { database: "d", table: "t", columns: "id INT PRIMARY KEY, v TEXT" });
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    });

    function insert(node: ClusterNode, id: number): Promise<Answer> {
      return node.post("/insert", { database: "d", table: "t", record: { id, v: `row ${id}` } });
    }

    /** So many transactions, eight at a time. */
    async function write(count: number, node: ClusterNode = master): Promise<void> {
      const last = written + count;
      const writer = async (): Promise<void> => {
        while (written < last) {
          const answer = await insert(node, ++written);
          expect(answer.status, answer.text).toBe(201);
        }
      };
      await Promise.all(Array.from({ length: 8 }, writer));
    }

    async function expectAllRowsEverywhere(): Promise<void> {
      await expectAllEqual(cluster);
      for (const node of cluster.nodes) {
        const rows = await rowsOf(node, "SELECT COUNT(*) AS n, MAX(id) AS top FROM d.t");
        expect(rows, node.nodeId).toEqual([{ n: written, top: written }]);
      }
      await cluster.waitUntilReplicating();
    }

    it("catch up by themselves after 2,000 transactions that came while one node was stopped", async () => {
      await first.stop();
      await write(2000);
      await first.start();
      await expectAllRowsEverywhere();
    });

    it("go on after one's database server was killed and started", async () => {
      await write(50);
      await first.database.killHard();
      await write(200);
      await eventually(
        () => memberOn(master, first.nodeId),
        ({ state }) => state !== "up",
      );
      await first.database.start();
      await expectAllRowsEverywhere();
      expect(await rowsOf(first, "SELECT @@read_only AS ro, @@event_scheduler AS es")).toEqual([
        { ro: 1, es: "OFF" },
      ]);
    });

    it("forward writes again once a stopped master is back, and say no-leader until then", async () => {
      await write(20, first);
      await master.stop();
      const refused = await insert(first, 1_000_000);
      expect(refused).toMatchObject({ status: 503, body: { code: "no-leader", retryable: true } });
      expect(refused.headers["retry-after"]).toMatch(/^\d+$/);
      // reads go on meanwhile
      expect(await second.post("/query", { sql: "SELECT 1 AS one" })).toMatchObject({ status: 200 });
      await master.start();
      const taken = await eventually(
        () => insert(first, written + 1),
        ({ status }) => status === 201,
      );
      expect(taken.headers["x-understudy-node"]).toBe(master.nodeId);
      written++;
      await write(20, first);
      await expectAllRowsEverywhere();
    });

    it("get writes again after the master's database server was killed and started, without a person", async () => {
      await write(50);
      await master.database.killHard();
      const refused = await insert(first, 1_000_000);
      expect(refused.status).toBe(503);
      await master.database.start();
      await eventually(
        () => insert(first, written + 1),
        ({ status }) => status === 201,
      );
      written++;
      await write(50);
      await expectAllRowsEverywhere();
    });

    it("wait for a master that starts after them", async () => {
      await write(20);
      for (const node of cluster.nodes) await node.stop();
      await first.start();
      expect(await insert(first, 1_000_000)).toMatchObject({ status: 503 });
      await second.start();
      await master.start();
      await cluster.waitUntilReplicating();
      await write(20, first);
      await expectAllRowsEverywhere();
    });

    it("stay put while paused, and catch up when resumed", async () => {
      await write(20);
      await cluster.waitForSync();
      const before = written;
      expect(await master.post(`/cluster/nodes/${first.nodeId}/pause`, {})).toMatchObject({ status: 200 });
      await write(200);
      // the other slave shows that deliveries go on
      await eventually(
        () => rowsOf(second, "SELECT COUNT(*) AS n FROM d.t"),
        ([row]) => row?.["n"] === written,
      );
      expect(await rowsOf(first, "SELECT COUNT(*) AS n FROM d.t")).toEqual([{ n: before }]);
      expect(await memberOn(master, first.nodeId)).toMatchObject({ queue: { mode: "paused" } });
      expect(await master.post(`/cluster/nodes/${first.nodeId}/resume`, {})).toMatchObject({ status: 200 });
      await expectAllRowsEverywhere();
    });

    it("say what broke one that was written to past the API, and go on once that is undone", async () => {
      await write(20);
      await cluster.waitForSync();
      const before = written;
      {
        await using connection = await sql(first);
        // out of the binlog, so that it is a spoilt row and no history of its own
        await connection.query("SET SESSION sql_log_bin = 0");
        await connection.query("INSERT INTO d.t VALUES (?, 'spoilt')", [before + 1]);
      }
      // alone, so that it is the next transaction
      await write(1);
      await write(50);
      for (const node of cluster.nodes) {
        const { reason } = await eventually(
          () => memberOn(node, first.nodeId),
          ({ state }) => state === "broken",
        );
        expect(reason, node.nodeId).toMatch(flavour === "mysql" ? /[0-9a-f-]{36}:\d+/ : /\d+-\d+-\d+/);
        expect(reason, node.nodeId).toMatch(/\bt\b/);
        await eventually(
          () => eventsOf(node),
          (events) =>
            events.some(
              ({ kind, message }) => kind === "replication-broken" && message.includes(first.nodeId),
            ),
        );
      }
      // it stopped before the row, and the others went on
      expect(await rowsOf(first, "SELECT COUNT(*) AS n FROM d.t")).toEqual([{ n: before + 1 }]);
      await eventually(
        () => rowsOf(second, "SELECT COUNT(*) AS n FROM d.t"),
        ([row]) => row?.["n"] === written,
      );
      {
        await using connection = await sql(first);
        await connection.query("SET SESSION sql_log_bin = 0");
        await connection.query("DELETE FROM d.t WHERE v = 'spoilt'");
      }
      expect(await first.post(`/cluster/nodes/${first.nodeId}/resume`, {})).toMatchObject({ status: 200 });
      expect(await master.post(`/cluster/nodes/${first.nodeId}/resume`, {})).toMatchObject({ status: 200 });
      await expectAllRowsEverywhere();
      for (const node of cluster.nodes) {
        await eventually(
          () => memberOn(node, first.nodeId),
          ({ state }) => state === "up",
        );
      }
    });
  });
}
