// A cluster in which everybody speaks TLS and shows a certificate: clients, nodes, database servers, etcd.
import { connect } from "@understudy/client";
import { testFlavours } from "@understudy/database-server";
import { openTestAuthority, type TestAuthority } from "@understudy/tls/test-authority";
import { X509Certificate } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectAllEqual, rowsOf, startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { DashboardBundle } from "./dashboard-bundle.ts";

const WAIT = { timeout: 60_000, interval: 100 };
const SOON_DAYS = 4;
const IDS = "SELECT id FROM shop.t ORDER BY id";

describe.each(testFlavours())("TLS on every link on %s", (flavour) => {
  const stack = new AsyncDisposableStack();
  let authority: TestAuthority;
  let cluster: Cluster;

  beforeAll(async () => {
    authority = stack.use(await openTestAuthority());
    const { ca, caFile } = authority;
    // what etcd and the database servers show ends soon
    const issue = (name: string) =>
      authority.issue(name, /^(etcd|database-of-)/.test(name) ? { days: SOON_DAYS + 0.5 } : {});
    cluster = stack.use(
      await startCluster({ flavour, slaves: 2, etcd: 1, authority: { ca, caFile, issue } }),
    );
  });

  afterAll(() => stack.disposeAsync());

  const insert = (node: ClusterNode, id: number) =>
    node.post("/insert", { database: "shop", table: "t", record: { id }, ack: "all" });
  const idsOn = async (node: ClusterNode) => (await rowsOf(node, IDS)).map(({ id }) => id);
  const leader = async () => cluster.node(await cluster.waitUntilReplicating());
  const hasLogged = (node: ClusterNode, words: RegExp) =>
    vi.waitFor(async () => expect(await readFile(node.logFile, "utf8")).toMatch(words), WAIT);

  it("replicates, passes writes on, and makes a copy from node to node", async () => {
    const master = await leader();
    const [slave, third] = cluster.others(master) as [ClusterNode, ClusterNode];
    await master.post("/createdb", { name: "shop" });
    await master.post("/createtable", { database: "shop", table: "t", columns: "id INT PRIMARY KEY" });
    expect(await insert(master, 1)).toMatchObject({ status: 201 });
    expect(await insert(slave, 2)).toMatchObject({ status: 201 });
    expect(await idsOn(third)).toEqual([1, 2]);
    expect((await slave.get("/cluster")).text).not.toContain("http://");

    expect((await master.post(`/cluster/nodes/${third.nodeId}/rebuild`, {})).status).toBe(202);
    await hasLogged(third, /the copy of the data is whole/);
    await cluster.waitUntilReplicating();
    expect(await insert(slave, 3)).toMatchObject({ status: 201 });
    expect(await idsOn(third)).toEqual([1, 2, 3]);
  });

  it("tells when each certificate ends, and warns of those that end soon", async () => {
    const node = await leader();
    const untilOf = async (name: string): Promise<number> => {
      const { validTo } = new X509Certificate(await readFile(join(authority.directory, `${name}.pem`)));
      return Date.parse(validTo) / 1000;
    };
    const ends = async (): Promise<Record<string, number>> => {
      const lines = (await node.get("/metrics")).text.matchAll(
        /^understudy_certificate_expiry_timestamp_seconds\{use="([a-z-]+)"\} (\S+)$/gm,
      );
      return Object.fromEntries([...lines].map(([, use = "", seconds]) => [use, Number(seconds)]));
    };
    const [own, client, ofAuthority] = [node.nodeId, `client-of-${node.nodeId}`, "ca"].map(untilOf);
    const expected = {
      node: await own,
      "node-authority": await ofAuthority,
      "etcd-client": await client,
      "etcd-authority": await ofAuthority,
      "database-client": await client,
      "database-authority": await ofAuthority,
      "etcd-server": await untilOf("etcd"),
      "database-server": await untilOf(`database-of-${node.nodeId}`),
    };
    await vi.waitFor(async () => expect(await ends()).toEqual(expected), WAIT);
    const { warnings } = (await node.get("/cluster")).body as { warnings: string[] };
    const told = warnings.filter((warning) => /certificate/.test(warning) && warning.startsWith(node.nodeId));
    const end = `expires on \\d{4}-\\d\\d-\\d\\d, in ${SOON_DAYS} days: renew it$`;
    expect(told.toSorted()).toEqual([
      expect.stringMatching(new RegExp(`the certificate that etcd shows ${end}`)),
      expect.stringMatching(new RegExp(`the certificate that the database server shows ${end}`)),
    ]);
    await hasLogged(node, /"event":"certificate-ends","use":"database-server"/);
    await hasLogged(node, /"event":"certificate-ends","use":"etcd-server"/);
  });

  it("fails over when the master is killed, and writes go on", async () => {
    const old = await leader();
    const others = cluster.others(old);
    await using client = await connect({
      nodes: cluster.nodes.map(({ url }) => url),
      tls: { ca: authority.ca },
      retryForMs: 60_000,
    });
    await client.execute("INSERT INTO shop.t VALUES (10)");
    await old.killHard();
    await client.execute("INSERT INTO shop.t VALUES (11)");
    for (const node of others) await vi.waitFor(async () => expect(await idsOn(node)).toContain(11), WAIT);

    await old.start();
    await cluster.waitUntilReplicating();
    await cluster.waitForSync(30_000, await leader());
    await expectAllEqual(cluster);
    expect(await idsOn(old)).toEqual([1, 2, 3, 10, 11]);
  });

  it.runIf(flavour === testFlavours().at(-1))(
    "is shown by the dashboard to who trusts the authority",
    async () => {
      const { url } = await leader();
      await using dashboard = await DashboardBundle.make();
      const trusting = await dashboard.run("--once", "--node", url, "--ca-file", authority.caFile);
      expect(trusting, trusting.stderr).toMatchObject({ code: expect.toBeOneOf([0, 1]), stderr: "" });
      for (const { nodeId } of cluster.nodes) expect(trusting.stdout).toContain(nodeId);
      const wary = await dashboard.run("--once", "--node", url);
      expect(wary).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/authority/) });
    },
  );

  it("refuses a node that shows a certificate of another authority, and says why on both sides", async () => {
    const master = await leader();
    const [, third] = cluster.others(master) as [ClusterNode, ClusterNode];
    await using stranger = await openTestAuthority();
    const { certFile, keyFile } = await stranger.issue(third.nodeId);
    await third.stop();
    await copyFile(certFile, join(authority.directory, `${third.nodeId}.pem`));
    await copyFile(keyFile, join(authority.directory, `${third.nodeId}.key`));
    await third.start();
    await hasLogged(third, /client certificate.* not accepted: it is signed by another authority/);
    await hasLogged(third, /not signed by an authority of UNDERSTUDY_TLS_CA_FILE/);
    const view = async () => JSON.stringify((await master.get("/cluster")).body["members"]);
    await vi.waitFor(async () => expect(await view()).toMatch(/certificate of an unknown authority/), WAIT);
    expect((await master.post("/execute", { sql: "INSERT INTO shop.t VALUES (20)" })).status).toBe(200);
    expect(await idsOn(third)).not.toContain(20);
  });
});
