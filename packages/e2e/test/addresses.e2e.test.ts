// A node is who its id says, wherever it is: it comes back at another port, or at an IPv6 address, and everyone finds it there.
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, type UnderstudyClient } from "@understudy/client";
import { reservePort } from "@understudy/database-server";
import { expectAllEqual, rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";

const PATIENCE_MS = 60_000;
const STEP_MS = 180_000;
const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address, internal }) => internal && isIPv6(address)),
);

describe("nodes at other addresses than before", () => {
  let cluster: Cluster;
  let client: UnderstudyClient;
  const ports = new AsyncDisposableStack();
  let rows = 0;

  beforeAll(async () => {
    cluster = await startCluster({ flavour: "mariadb", slaves: 2, etcd: 1 });
    client = await connect({ nodes: cluster.nodes.map(({ url }) => url), retryForMs: PATIENCE_MS });
    await client.createDatabase({ name: "shop" });
    await client.createTable({ database: "shop", table: "t", columns: "id INT PRIMARY KEY" });
  });

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await ports.disposeAsync();
  });

  async function leaderOf(): Promise<ClusterNode> {
    return cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
  }

  /** Starts a node that is stopped at another address; resolves when all replicate, with who leads. */
  async function startElsewhere(node: ClusterNode, host = "127.0.0.1"): Promise<ClusterNode> {
    const { port } = ports.use(await reservePort());
    node.moveTo({ host, port });
    await node.start();
    return leaderOf();
  }

  async function write(): Promise<void> {
    await client.insert({ database: "shop", table: "t", record: { id: ++rows } });
  }

  async function expectFoundEverywhere(): Promise<void> {
    const leader = await leaderOf();
    const wanted = Object.fromEntries(cluster.nodes.map(({ nodeId, url }) => [nodeId, url]));
    for (const node of cluster.nodes) {
      const told = async (): Promise<unknown> => {
        const { body } = await node.get("/cluster");
        const members = body["members"] as { readonly nodeId: string; readonly url: string }[];
        const urls = Object.fromEntries(members.map(({ nodeId, url }) => [nodeId, url]));
        return { urls, leader: body["leader"] };
      };
      const { nodeId, url } = leader;
      await expect.poll(told, { timeout: PATIENCE_MS }).toEqual({ urls: wanted, leader: { nodeId, url } });
    }
    await write();
    await expectAllEqual(cluster, leader);
    const [row] = await rowsOf(leader, "SELECT COUNT(*) AS n FROM shop.t");
    expect(Number(row?.["n"])).toBe(rows);
    // the client has no address but those that it was once given, and what nodes have told it
    await using newcomer = await connect({ nodes: [leader.url] });
    expect(newcomer.leaderUrl).toBe(leader.url);
  }

  it(
    "has a slave replicate again that comes back at another port",
    async () => {
      const [slave] = cluster.others(await leaderOf());
      if (!slave) throw new Error("slaves were asked for");
      const before = slave.url;
      await slave.stop();
      await write();
      await startElsewhere(slave);
      expect(slave.url).not.toBe(before);
      await expectFoundEverywhere();
    },
    STEP_MS,
  );

  it(
    "follows a master there that was killed, came back at another port, and was given the lead again",
    async () => {
      const old = await leaderOf();
      const epoch = BigInt(String((await old.get("/ping")).body["epoch"]));
      await old.killHard();
      const next = await cluster.waitForLeader(cluster.others(old), epoch);
      await write();
      expect(await startElsewhere(old)).toBe(next);
      await expectFoundEverywhere();
      const begun = await next.post("/cluster/switchover", { to: old.nodeId });
      expect(begun.status, begun.text).toBe(202);
      await expect.poll(async () => (await leaderOf()).nodeId, { timeout: PATIENCE_MS }).toBe(old.nodeId);
      // the answers of writes tell it that another node leads by now
      const found = async (): Promise<unknown> => {
        await write();
        return client.leaderUrl;
      };
      await expect.poll(found, { timeout: PATIENCE_MS }).toBe(old.url);
      await expectFoundEverywhere();
    },
    STEP_MS,
  );

  it.runIf(hasIPv6)(
    "replicates and fails over between IPv6 addresses",
    async () => {
      const first = await leaderOf();
      for (const node of [...cluster.others(first), first]) {
        await node.stop();
        await startElsewhere(node, "::1");
        expect(node.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
      }
      // one that was not in use meanwhile knows none of the addresses any more
      await client[Symbol.asyncDispose]();
      client = await connect({ nodes: cluster.nodes.map(({ url }) => url), retryForMs: PATIENCE_MS });
      await expectFoundEverywhere();
      const old = await leaderOf();
      const epoch = BigInt(String((await old.get("/ping")).body["epoch"]));
      await old.killHard();
      const next = await cluster.waitForLeader(cluster.others(old), epoch);
      // its address says that nothing listens there; nobody has to wait for its lease to end
      const events = await next.get("/cluster/events?limit=1000");
      expect(events.text).toContain(`${old.nodeId} refuses connections at ${old.url}`);
      await write();
      await old.start();
      await expectFoundEverywhere();
    },
    STEP_MS,
  );
});
