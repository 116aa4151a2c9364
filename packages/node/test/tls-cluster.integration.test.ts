import { connect, createNodeClient, type UnderstudyClient } from "@understudy/client";
import { openTestEtcd } from "@understudy/etcd-server";
import { testFlavours } from "@understudy/database-server";
import { openTestAuthority, type TestAuthority } from "@understudy/tls/test-authority";
import { describe, expect, test, vi } from "vitest";
import { certificateSettings, openTlsCluster, type TlsCluster, type TlsNode } from "./tls-cluster.ts";

// three database servers and three nodes, on a machine that others use as well; waits are for conditions
vi.setConfig({ testTimeout: 300_000 });
const POLL = { timeout: 120_000, interval: 200 };

function clientOf({ nodes }: Pick<TlsCluster, "nodes">, { ca }: TestAuthority): Promise<UnderstudyClient> {
  return connect({ nodes: nodes.map(({ url }) => url), tls: { ca }, retryForMs: 60_000 });
}

/** Resolves when so many members are up and without lag, as the node tells. */
async function waitForMembers(node: TlsNode, { ca }: TestAuthority, count: number): Promise<void> {
  await using client = createNodeClient({ url: node.url, tls: { ca } });
  const upOf = async (): Promise<number | string> => {
    const view = await client.cluster().catch((error: unknown) => String(error));
    if (typeof view === "string") return view;
    return view.members.filter(({ state, lag }) => state === "up" && lag.transactions === 0).length;
  };
  await expect.poll(upOf, POLL).toBe(count);
}

async function rowsAt(node: TlsNode, { ca }: TestAuthority): Promise<unknown> {
  await using client = createNodeClient({ url: node.url, tls: { ca } });
  const answer = await client.query({ sql: "SELECT id FROM shop.orders ORDER BY id", rows: "arrays" });
  return answer.rows.flat().map(Number);
}

async function makeShop(client: UnderstudyClient): Promise<void> {
  await client.createDatabase({ name: "shop" });
  await client.createTable({
    database: "shop",
    table: "orders",
    columns: [{ name: "id", type: "BIGINT", primaryKey: true }],
  });
}

describe.each(testFlavours())("three nodes on %s over TLS on both sides", (flavour) => {
  test("replicate, pass writes on, copy anew, and refuse a node of another authority", async () => {
    await using authority = await openTestAuthority();
    await using stranger = await openTestAuthority();
    await using cluster = await openTlsCluster({ flavour, authority, environment: {} });
    const [master, slave, third] = cluster.nodes;
    await waitForMembers(master, authority, 3);
    await using client = await clientOf(cluster, authority);
    await makeShop(client);
    await client.insert({ database: "shop", table: "orders", record: { id: 1 }, ack: "all" });
    // a slave passes it on to the master
    await using onSlave = createNodeClient({ url: slave.url, tls: { ca: authority.ca } });
    await onSlave.insert({ database: "shop", table: "orders", record: { id: 2 }, ack: "all" });
    expect(await rowsAt(third, authority)).toEqual([1, 2]);
    const view = await onSlave.cluster();
    expect(view.leader).toEqual({ nodeId: "node1", url: master.url });
    // relaxed durability is warned of as well
    expect(view.warnings.filter((warning) => /certificate/.test(warning))).toEqual([]);

    // a fresh copy: out of the master's server, from node to node and into the other server, all by TLS
    await onSlave.rebuild("node3");
    await expect.poll(() => third.log.join("\n"), POLL).toMatch(/the copy of the data is whole/);
    await waitForMembers(master, authority, 3);
    await onSlave.insert({ database: "shop", table: "orders", record: { id: 3 }, ack: "all" });
    expect(await rowsAt(third, authority)).toEqual([1, 2, 3]);

    // the same node with a certificate of another authority
    await third.stop();
    await third.start(certificateSettings(await stranger.issue("node3")));
    await expect
      .poll(() => third.log.join("\n"), POLL)
      .toMatch(/client certificate.* not accepted: it is signed by another authority/);
    const reasonAtMaster = async (): Promise<string> => {
      const { members } = await client.cluster();
      return members.find(({ nodeId }) => nodeId === "node3")?.reason ?? "";
    };
    await expect.poll(reasonAtMaster, POLL).toMatch(/certificate of an unknown authority/);
    await using onThird = createNodeClient({ url: third.url, tls: { ca: stranger.ca } });
    expect((await onThird.cluster()).warnings.join("\n")).toMatch(
      /not signed by an authority of UNDERSTUDY_TLS_CA_FILE/,
    );
  });
});

describe.each(testFlavours().slice(-1))("three nodes on %s and etcd over TLS on both sides", (flavour) => {
  test("elect another master, which goes on", async () => {
    await using authority = await openTestAuthority();
    const { certFile, keyFile } = await authority.issue("etcd");
    await using etcd = await openTestEtcd({ tls: { certFile, keyFile, clientCaFile: authority.caFile } });
    const toEtcd = await authority.issue("to-etcd");
    await using cluster = await openTlsCluster({
      flavour,
      authority,
      environment: {
        UNDERSTUDY_ETCD: etcd.urls,
        UNDERSTUDY_ETCD_CA_FILE: authority.caFile,
        UNDERSTUDY_ETCD_CERT_FILE: toEtcd.certFile,
        UNDERSTUDY_ETCD_KEY_FILE: toEtcd.keyFile,
      },
    });
    const [first] = cluster.nodes;
    await waitForMembers(first, authority, 3);
    await using client = await clientOf(cluster, authority);
    await makeShop(client);
    await client.insert({ database: "shop", table: "orders", record: { id: 1 }, ack: "all" });
    const before = (await client.cluster()).leader?.nodeId;
    const leader = cluster.nodes.find(({ nodeId }) => nodeId === before);
    if (!leader) throw new Error("nobody leads");
    await leader.stop();
    await client.insert({ database: "shop", table: "orders", record: { id: 2 } });
    const others = cluster.nodes.filter((node) => node !== leader);
    const leaderAt = async (node: TlsNode): Promise<string | undefined> => {
      await using asked = createNodeClient({ url: node.url, tls: { ca: authority.ca } });
      return (await asked.cluster()).leader?.nodeId;
    };
    for (const node of others) {
      await expect.poll(() => leaderAt(node), POLL).not.toBe(before);
      await expect.poll(() => rowsAt(node, authority), POLL).toEqual([1, 2]);
    }
    await leader.start();
    await expect.poll(() => rowsAt(leader, authority).catch(String), POLL).toEqual([1, 2]);
  });
});
