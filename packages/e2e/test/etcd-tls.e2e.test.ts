// A cluster on an etcd as one runs it: three members that speak TLS with clients and with each other, and ask for a user's password. Any one of
// them may go and come back while the cluster writes. The database has no part in this, so that one flavour will do.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { openTestAuthority, type TestCertificate } from "@understudy/tls/test-authority";
import {
  expectAllEqual,
  ledgerFaults,
  startCluster,
  startLedgerWorkload,
  type Cluster,
  type ClusterNode,
  type LedgerWorkload,
} from "../src/index.ts";
import { askEtcd, turnEtcdLoginOn, type EtcdLogin } from "./etcd-login.ts";
import { PATIENCE_MS, untilJob } from "./rejoin-steps.ts";

const STEP_MS = 240_000;
const WRITES = 40;
const USER = { user: "node", password: 'pass"wörd' };

describe.each(testFlavours().slice(-1))("etcd with three members, TLS and a log-in, on %s", (flavour) => {
  const owned = new AsyncDisposableStack();
  let cluster: Cluster;
  let workload: LedgerWorkload;
  let login: EtcdLogin;
  let named: TestCertificate;

  beforeAll(async () => {
    const authority = owned.use(await openTestAuthority());
    const { ca, caFile } = authority;
    // with a name in it etcd would not let its bearer log in
    const issue = (name: string) =>
      authority.issue(name, name.startsWith("client-of-") ? { subject: "/O=nodes" } : {});
    const { cert, key } = await authority.issue("operator", { subject: "/O=people" });
    named = await authority.issue("named");
    const environment = {
      UNDERSTUDY_ETCD_USER: USER.user,
      UNDERSTUDY_ETCD_PASSWORD: USER.password,
      // a switchover is given up when etcd does not answer in time, as it may on a busy machine
      UNDERSTUDY_LEASE_TTL_MS: "12000",
      UNDERSTUDY_ETCD_TIMEOUT_MS: "4000",
    };
    cluster = owned.use(
      await startCluster({ flavour, slaves: 2, etcd: 3, authority: { ca, caFile, issue }, environment }),
    );
    const { body } = await cluster.master.get("/cluster");
    const prefix = `/understudy/${String(body["clusterId"])}/`;
    login = { url: cluster.etcd[0]?.url ?? "", tls: { ca, cert, key }, prefix, ...USER };
    const leader = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
    workload = owned.use(await startLedgerWorkload(leader, cluster.nodes));
    await workload.confirms(WRITES, PATIENCE_MS);
  }, STEP_MS);

  afterAll(() => owned.disposeAsync());

  /** When its leader was killed the others need a moment to agree on another one. */
  async function untilEtcdServes(): Promise<void> {
    const url = cluster.etcd[1]?.url ?? "";
    const root = { name: "root", password: "root" };
    const logIn = async (): Promise<number> =>
      (await askEtcd({ ...login, url }, "/v3/auth/authenticate", root)).status;
    await expect.poll(logIn, { timeout: PATIENCE_MS }).toBe(200);
  }

  const renewals = async (node: ClusterNode): Promise<number> => {
    const { text } = await node.get("/metrics");
    const line =
      /^understudy_etcd_request_duration_seconds_count\{operation="keep_alive",result="ok"\} (\d+)$/m;
    return Number(line.exec(text)?.[1]);
  };

  /** Each node has renewed its lease again, twice, since one may have been under way. */
  async function untilLeasesAreRenewed(): Promise<void> {
    for (const node of cluster.nodes) {
      const before = await renewals(node);
      expect(before).toBeGreaterThan(0);
      const soFar = (): Promise<number> => renewals(node);
      await expect.poll(soFar, { timeout: PATIENCE_MS }).toBeGreaterThan(before + 1);
    }
  }

  const lead = async (): Promise<unknown> => {
    const node = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
    const { role, epoch } = (await node.get("/ping")).body;
    return { nodeId: node.nodeId, role, epoch };
  };

  it(
    "may begin to ask for the log-in while the cluster writes",
    async () => {
      const before = await lead();
      await turnEtcdLoginOn(login);
      const stranger = await askEtcd(login, "/v3/kv/range", {
        key: Buffer.from(login.prefix).toString("base64"),
      });
      expect(stranger.status, stranger.text).not.toBe(200);
      const { cert, key } = named;
      const refused = await askEtcd(
        { ...login, tls: { ...login.tls, cert, key } },
        "/v3/auth/authenticate",
        {},
      );
      expect(refused).toMatchObject({
        status: 400,
        text: expect.stringMatching(/^CommonName of client/) as string,
      });
      await workload.confirms(WRITES, PATIENCE_MS);
      // the nodes agree by etcd, and do not only promise each other to go on without
      await untilLeasesAreRenewed();
      expect(await lead()).toEqual(before);
    },
    STEP_MS,
  );

  it(
    "loses each of its members once, and the lead stays where it is",
    async () => {
      const before = await lead();
      for (const member of cluster.etcd) {
        await member.killHard();
        await workload.confirms(WRITES, PATIENCE_MS);
        await member.start();
        await workload.confirms(WRITES, PATIENCE_MS);
        await untilLeasesAreRenewed();
      }
      expect(await lead()).toEqual(before);
    },
    STEP_MS,
  );

  it(
    "lets the lead be handed over while one of its members is away, and nodes begin with the log-in",
    async () => {
      await cluster.etcd[0]?.killHard();
      await untilEtcdServes();
      await untilLeasesAreRenewed();
      const leader = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
      const [target, third] = cluster.others(leader);
      const begun = await third?.post("/cluster/switchover", { to: target?.nodeId });
      expect(begun?.status, begun?.text).toBe(202);
      const job = await untilJob(leader, ({ id, state }) => id === begun?.body["id"] && state !== "running");
      expect(job, JSON.stringify(job)).toMatchObject({ state: "done" });
      await workload.confirms(WRITES, PATIENCE_MS);
      // until here no write failed
      const ledger = await workload.stop();
      expect([...ledger.refused, ...ledger.uncertain]).toEqual([]);

      await cluster.etcd[0]?.start();
      expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(target?.nodeId);
      await target?.killHard();
      const epoch = BigInt(String((await leader.get("/ping")).body["epoch"]));
      await cluster.waitForLeader(
        cluster.nodes.filter((node) => node !== target),
        epoch,
      );
      await target?.start();
      const next = cluster.node(await cluster.waitUntilReplicating(PATIENCE_MS));
      await expectAllEqual(cluster, next);
      for (const node of cluster.nodes) expect(await ledgerFaults(node, ledger), node.nodeId).toEqual([]);
    },
    STEP_MS,
  );
});
