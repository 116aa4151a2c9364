// One request through two nodes: found again in both logs by its ids, in one trace, and in the metrics.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";

const WAIT = { timeout: 20_000, interval: 50 };
const SPANS = pathToFileURL(join(import.meta.dirname, "spans-to-file.ts")).href;
const TABLE = { database: "shop", table: "items" };

type Line = Readonly<Record<string, unknown>>;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly attributes: Line;
}

/** The last line may be on its way still, and is there only with its end. */
function linesOf(text: string): Line[] {
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Line] : []));
}

/** The one line of an event that a node's log has for a request; waits for it. */
async function lineOf(node: ClusterNode, event: string, requestId: string): Promise<Line> {
  return vi.waitFor(async () => {
    const lines = linesOf(await readFile(node.logFile, "utf8"));
    const own = lines.filter((line) => line["event"] === event && line["requestId"] === requestId);
    expect(own).toHaveLength(1);
    return own[0] ?? {};
  }, WAIT);
}

/** The lines that a node has of calls of a route, each when it is over. */
async function callsOf(node: ClusterNode, route: string): Promise<Line[]> {
  const lines = linesOf(await readFile(node.logFile, "utf8"));
  return lines.filter((line) => line["event"] === "request" && line["route"] === route);
}

async function makeTable({ master }: Cluster): Promise<void> {
  await master.post("/createdb", { name: "shop" });
  await master.post("/createtable", { ...TABLE, columns: "id INT PRIMARY KEY, name VARCHAR(50)" });
}

/** Writes to a slave, which passes it on, in the trace of a caller. */
async function insertAt(node: ClusterNode, id: number, caller: Line = {}): Promise<Answer> {
  const headers = { "x-request-id": `request-${id}`, ...caller } as Record<string, string>;
  const answer = await node.post("/insert", { ...TABLE, record: { id, name: "a" }, ack: 1 }, { headers });
  expect(answer.status).toBe(201);
  return answer;
}

for (const flavour of testFlavours()) {
  describe(`a request through two nodes on ${flavour}`, () => {
    let cluster: Cluster;
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "understudy-spans-"));
      const environment = { NODE_OPTIONS: `--import=${SPANS}`, SPAN_FOLDER: folder };
      cluster = await startCluster({ flavour, slaves: 1, environment });
      await makeTable(cluster);
      await cluster.waitForSync();
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    async function allSpans(): Promise<Span[]> {
      const files = await readdir(folder);
      const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
      return texts.flatMap((text) => linesOf(text) as unknown as Span[]);
    }

    async function spansOf(traceId: string): Promise<Span[]> {
      return (await allSpans()).filter((span) => span.traceId === traceId);
    }

    it("is one trace: the caller's, the slave, the way to the master, the master, its SQL and its wait for acks", async () => {
      const traceId = "0af7651916cd43dd8448eb211c80319c";
      const callerId = "b7ad6b7169203331";
      await insertAt(cluster.firstSlave, 1, {
        traceparent: `00-${traceId}-${callerId}-01`,
        tracestate: "vendor=value",
      });
      const slaveId = cluster.firstSlave.nodeId;
      const masterId = cluster.master.nodeId;
      await vi.waitFor(async () => {
        const spans = await spansOf(traceId);
        const named = (name: string, nodeId?: string): Span => {
          const own = spans.filter(
            (span) =>
              span.name === name &&
              (nodeId === undefined || span.attributes["understudy.node_id"] === nodeId),
          );
          expect(own, `${name} of ${nodeId ?? "any"}`).toHaveLength(1);
          return own[0] as Span;
        };
        const atSlave = named("POST /insert", slaveId);
        const forward = named("forward POST /insert");
        const atMaster = named("POST /insert", masterId);
        expect(atSlave.parentId).toBe(callerId);
        expect(forward.parentId).toBe(atSlave.spanId);
        expect(atMaster.parentId).toBe(forward.spanId);
        expect(named("wait for acks").parentId).toBe(atMaster.spanId);
        const sql = spans.find(({ name }) => name.startsWith("sql "));
        expect(sql).toMatchObject({ parentId: atMaster.spanId, attributes: { "db.system.name": flavour } });
        expect(atMaster.attributes).toMatchObject({
          "http.response.status_code": 201,
          "http.route": "/insert",
          "understudy.forwarded_by": slaveId,
          "understudy.request_id": "request-1",
          "understudy.role": "master",
        });
      }, WAIT);
    });

    it("reaches slaves by deliveries, each a trace from the master's span to the slave's applier", async () => {
      const { nodeId } = cluster.firstSlave;
      await insertAt(cluster.master, 10);
      await vi.waitFor(async () => {
        const spans = await allSpans();
        const under = (parent: Span, name: string): Span[] =>
          spans.filter((span) => span.name === name && span.parentId === parent.spanId);
        const chains = spans
          .filter(({ name }) => name === "deliver")
          .flatMap((sent) =>
            under(sent, "POST /replicate/transactions").map((received) => ({ sent, received })),
          )
          .filter(({ received }) => under(received, "apply").length === 1);
        expect(chains.length).toBeGreaterThan(0);
        for (const { sent, received } of chains) {
          expect(sent).toMatchObject({
            parentId: null,
            traceId: received.traceId,
            attributes: { "understudy.member": nodeId, "understudy.transactions": expect.any(Number) },
          });
          expect(received.attributes).toMatchObject({ "understudy.node_id": nodeId });
        }
      }, WAIT);
    });

    it("takes along what nodes ask of each other for it, under its own id", async () => {
      const traceId = "3af7651916cd43dd8448eb211c80319c";
      const headers = { "x-request-id": "fresh-read", traceparent: `00-${traceId}-b7ad6b7169203331-01` };
      const read = { sql: "SELECT 1", consistency: "bounded", maxLagMs: 50 };
      await vi.waitFor(async () => {
        // one that comes right after a heartbeat needs to ask nobody
        await cluster.firstSlave.post("/query", read, { headers });
        const asked = await callsOf(cluster.master, "/replicate/position");
        expect(asked).toContainEqual(expect.objectContaining({ requestId: "fresh-read", traceId }));
        const spans = await spansOf(traceId);
        const queries = spans.filter(({ name }) => name === "POST /query").map(({ spanId }) => spanId);
        expect(spans).toContainEqual(
          expect.objectContaining({ name: "GET /replicate/position", parentId: expect.toBeOneOf(queries) }),
        );
      }, WAIT);
    });

    it("has the same ids in both logs, with the trace's", async () => {
      const traceId = "1af7651916cd43dd8448eb211c80319c";
      await insertAt(cluster.firstSlave, 2, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
      const atSlave = await lineOf(cluster.firstSlave, "request", "request-2");
      const atMaster = await lineOf(cluster.master, "request", "request-2");
      expect(atSlave).toMatchObject({ route: "/insert", status: 201, traceId, forwarded: true });
      expect(atMaster).toMatchObject({ traceId, forwardedBy: cluster.firstSlave.nodeId });
      expect(atSlave["idempotencyKey"]).toEqual(expect.any(String));
      expect(atMaster["idempotencyKey"]).toBe(atSlave["idempotencyKey"]);
      const spans = await spansOf(traceId);
      expect(spans.map(({ spanId }) => spanId)).toEqual(
        expect.arrayContaining([atSlave["spanId"], atMaster["spanId"]]),
      );
    });

    it("has its transaction's id in both logs, from the first call to the last", async () => {
      const slave = cluster.firstSlave;
      const headersOf = (call: string) => ({ headers: { "x-request-id": call } });
      const begun = await slave.post("/transactions", { database: "shop" }, headersOf("begin"));
      const id = String(begun.body["id"]);
      const statement = { sql: "INSERT INTO items VALUES (3, 'b')" };
      expect(await slave.post(`/transactions/${id}/execute`, statement, headersOf("execute"))).toMatchObject({
        status: 200,
      });
      expect(await slave.post(`/transactions/${id}/commit`, {}, headersOf("commit"))).toMatchObject({
        status: 200,
      });
      for (const call of ["execute", "commit"]) {
        for (const node of cluster.nodes)
          expect((await lineOf(node, "request", call))["transactionId"]).toBe(id);
      }
      expect(await lineOf(cluster.master, "request", "begin")).toMatchObject({ transactionId: id });
    });

    it("is counted where it was answered, refused or passed on, under few names", async () => {
      const { master, firstSlave } = cluster;
      for (let number = 0; number < 20; number++) await master.get(`/nothing/${number}`);
      await insertAt(firstSlave, 4, { "idempotency-key": "key-4" });
      await insertAt(firstSlave, 4, { "idempotency-key": "key-4" });
      await firstSlave.post("/insert", { ...TABLE, record: { id: 4 } });
      const ofMaster = (await master.get("/metrics")).text;
      const ofSlave = (await firstSlave.get("/metrics")).text;
      for (const line of [
        /^understudy_build_info\{version="\d.*,node_id="node1",flavour="\w+",server_version="\d.*"\} 1$/m,
        /^understudy_http_request_duration_seconds_count\{method="GET",route="none",status="404"\} 20$/m,
        /^understudy_http_problems_total\{route="none",code="not-found"\} 20$/m,
        /^understudy_http_problems_total\{route="\/insert",code="duplicate-key"\} 1$/m,
        /^understudy_idempotency_replays_total 1$/m,
        /^understudy_ack_wait_seconds_count\{result="confirmed"\} [1-9]/m,
        /^understudy_pool_connections_max\{pool="application"\} \d+$/m,
        /^understudy_delivered_transactions_total\{member="node2"\} [1-9]/m,
        /^understudy_member_lag_bytes\{member="node2"\} 0$/m,
        /^understudy_members\{state="up"\} 2$/m,
        /^understudy_role_changes_total\{role="master"\} 1$/m,
        /^understudy_quarantine_entries\{state="open"\} 0$/m,
        /^understudy_window_limit_bytes \d+$/m,
        /^nodejs_eventloop_lag_p99_seconds /m,
        /^process_resident_memory_bytes /m,
      ])
        expect(ofMaster).toMatch(line);
      for (const line of [
        /^understudy_forwarded_requests_total\{effect="write",result="answered"\} [1-9]/m,
        /^understudy_http_problems_total\{route="\/insert",code="duplicate-key"\} 1$/m,
        /^understudy_idempotency_replays_total 0$/m,
        /^understudy_apply_duration_seconds_count\{result="ok"\} [1-9]/m,
        /^understudy_has_leader 1$/m,
        /^understudy_is_master 0$/m,
      ])
        expect(ofSlave).toMatch(line);
      const routes = new Set([...ofMaster.matchAll(/route="([^"]*)"/g)].map(([, route]) => route));
      for (const route of routes) expect(route).not.toMatch(/\d/);
    });
  });
}

describe("without an OpenTelemetry SDK", () => {
  let cluster: Cluster;

  beforeAll(async () => {
    const [flavour] = testFlavours();
    if (!flavour) throw new Error("there is no server to test with");
    cluster = await startCluster({ flavour, slaves: 1, environment: { UNDERSTUDY_SLOW_REQUEST_MS: "1" } });
    await makeTable(cluster);
  });

  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it("what nodes ask of each other by themselves says who asks, and what a request has them ask says which", async () => {
    const { master, firstSlave } = cluster;
    const traceId = "4af7651916cd43dd8448eb211c80319c";
    for (const [node, route, asker] of [
      [master, "/cluster/register", firstSlave],
      [firstSlave, "/replicate/transactions", master],
    ] as const) {
      const calls = await vi.waitFor(async () => {
        const ended = await callsOf(node, route);
        expect(ended.length, route).toBeGreaterThan(0);
        return ended;
      }, WAIT);
      const id = new RegExp(`^${asker.nodeId}:[\\w-]+$`);
      for (const call of calls) expect(call["requestId"], route).toMatch(id);
    }
    const headers = { "x-request-id": "rebuild-1", traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    const order = await master.post(`/cluster/nodes/${firstSlave.nodeId}/rebuild`, {}, { headers });
    expect(order.status).toBe(202);
    await vi.waitFor(async () => {
      const ordered = expect.objectContaining({ requestId: "rebuild-1", traceId });
      for (const route of ["/cluster/register", "/replicate/snapshot"])
        expect(await callsOf(master, route), route).toContainEqual(ordered);
    }, WAIT);
    await cluster.waitUntilReplicating();
    // what goes on after it is nobody's any more
    const count = (await callsOf(firstSlave, "/replicate/transactions")).length;
    await vi.waitFor(async () => {
      const later = (await callsOf(firstSlave, "/replicate/transactions")).slice(count);
      expect(later.length).toBeGreaterThan(0);
      for (const { requestId } of later) expect(requestId).toMatch(new RegExp(`^${master.nodeId}:`));
    }, WAIT);
  });

  it("SIGUSR2 has a node log at debug, and as before at the next, and does not end it", async () => {
    const { firstSlave } = cluster;
    const pid = firstSlave.pid ?? 0;
    for (const [count, logLevel] of ["info", "debug"].entries()) {
      process.kill(pid, "SIGUSR2");
      await vi.waitFor(async () => {
        const lines = linesOf(await readFile(firstSlave.logFile, "utf8"));
        const changes = lines.filter(({ event }) => event === "log-level-changed");
        expect(changes.map((line) => line["logLevel"])).toEqual(["info", "debug"].slice(0, count + 1));
        expect(changes.at(-1)).toMatchObject({ logLevel });
      }, WAIT);
    }
    expect(firstSlave.pid).toBe(pid);
    expect((await firstSlave.get("/health/live")).status).toBe(200);
  });

  it("the caller's trace is passed on all the same, and a wrong one is not", async () => {
    const traceId = "2af7651916cd43dd8448eb211c80319c";
    await insertAt(cluster.firstSlave, 1, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    // slow ones are told at info
    for (const node of cluster.nodes) {
      const line = await lineOf(node, "slow-request", "request-1");
      expect(line).toMatchObject({ traceId, spanId: "b7ad6b7169203331", level: 30 });
    }
    await insertAt(cluster.firstSlave, 2, { traceparent: "00-nothing-of-the-kind-01" });
    expect(await lineOf(cluster.master, "slow-request", "request-2")).not.toHaveProperty("traceId");
  });
});
