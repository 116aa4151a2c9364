// Garbage at the endpoints between nodes: a slave takes in nothing but its master's own whole transactions.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { seededRandom, type Random } from "@understudy/kernel";
import { testFlavours } from "@understudy/database-server";
import type { Flavour } from "@understudy/protocol";
import { rowsOf, sql, startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import { serverPosition } from "../src/server-position.ts";
import { expectProblem, type Refusal } from "./expect-problem.ts";
import { rawRequest } from "./raw-request.ts";
import { errorsInLog } from "./unharmed.ts";

// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_event.html
const EVENT_HEADER_BYTES = 19;
const EVENT_TYPE_OFFSET = 4;
const EVENT_LENGTH_OFFSET = 9;
const XID_EVENT = 16;
/** Damaged deliveries in a row. */
const DAMAGES = 120;

/** A delivery as the master sent it. */
interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

for (const flavour of testFlavours()) {
  describe(`bad deliveries to a slave on ${flavour}`, () => {
    let cluster: Cluster;
    let master: ClusterNode;
    let slave: ClusterNode;
    /** Holds one INSERT that the slave lacks: the master may not deliver to it meanwhile. */
    let delivery: Delivery;
    let position = "";

    beforeAll(async () => {
      cluster = await startCluster({ flavour, slaves: 1 });
      master = cluster.master;
      slave = cluster.firstSlave;
      await using connection = await sql(master);
      await connection.query("CREATE DATABASE shop");
      await connection.query("CREATE TABLE shop.t (id INT PRIMARY KEY, a VARCHAR(200))");
      await cluster.waitForSync();
      await rawRequest(master, { method: "POST", path: `/cluster/nodes/${slave.nodeId}/pause` });
      position = await serverPosition(flavour, slave);
      await connection.query("INSERT INTO shop.t VALUES (1, REPEAT('x', 200))");
      delivery = await overhear(flavour, { master, position });
    });

    afterEach(async () => {
      expect(await serverPosition(flavour, slave)).toBe(position);
      expect((await slave.get("/health/live")).status).toBe(200);
      const { body } = await slave.get("/replicate/position");
      expect(body, "nothing that was refused may leave the slave broken").toMatchObject({
        state: "streaming",
      });
    });

    afterAll(async () => {
      try {
        for (const node of cluster.nodes) expect(await errorsInLog(node)).toEqual([]);
      } finally {
        await cluster[Symbol.asyncDispose]();
      }
    });

    async function deliver({ headers, body }: Delivery, to = slave): Promise<Answer> {
      return rawRequest(to, { path: "/replicate/transactions", headers, body });
    }

    it("takes in nothing of deliveries that were damaged at random", async () => {
      const random = seededRandom(26);
      for (let round = 0; round < DAMAGES; round++) {
        const answer = await deliver({ ...delivery, body: damaged(random, delivery.body) });
        const told = `round ${round}: ${answer.text}`;
        expect(answer.body["code"], told).not.toBe("internal");
        if (answer.status !== 200) expect(answer.body["code"], told).toBeTypeOf("string");
        expect(await serverPosition(flavour, slave), `round ${round}`).toBe(position);
      }
    });

    it.each([
      "x-understudy-cluster",
      "x-understudy-epoch",
      "x-understudy-sender",
      "x-understudy-after",
      "x-understudy-flavour",
      "x-understudy-master-position",
    ])("are refused without the header %s", async (name) => {
      const headers = Object.fromEntries(
        Object.entries(delivery.headers).filter(([other]) => other !== name),
      );
      expect(expectProblem(await deliver({ ...delivery, headers }), "400 invalid-request")).toContain(name);
    });

    it.each([
      ["x-understudy-cluster", "another", "409 cluster-mismatch"],
      ["x-understudy-flavour", "postgres", "409 cluster-mismatch"],
      ["x-understudy-wire", "1000", "409 version-mismatch"],
      ["x-understudy-wire", "0", "400 invalid-request"],
      ["x-understudy-epoch", "0", "409 epoch-stale"],
      ["x-understudy-epoch", "-1", "400 invalid-request"],
      ["x-understudy-epoch", "one", "400 invalid-request"],
      ["x-understudy-epoch", "99999999999999999999999", "400 invalid-request"],
      ["x-understudy-after", "garbage", "400 invalid-request"],
      ["x-understudy-after", "'; DROP TABLE shop.t", "400 invalid-request"],
      ["x-understudy-master-position", "garbage", "400 invalid-request"],
      ["content-type", "application/json", "400 invalid-request"],
      ["content-type", "text/plain", "400 invalid-request"],
      ["content-type", "application/octet-stream", "400 invalid-request"],
    ] as const)("are refused with %s: %s", async (name, value, refusal) => {
      expectProblem(await deliver({ ...delivery, headers: { ...delivery.headers, [name]: value } }), refusal);
    });

    it("are refused where they begin behind what the slave has", async () => {
      const after =
        flavour === "mysql"
          ? position.replace(/\d+$/, (end) => `${Number(end) + 5}`)
          : `0-1-${Number(position.split("-")[2]) + 5}`;
      const answer = await deliver({
        ...delivery,
        headers: { ...delivery.headers, "x-understudy-after": after },
      });
      expectProblem(answer, "409 position-mismatch");
    });

    it.each([
      ["nothing", (): Buffer => Buffer.alloc(0)],
      ["text", (): Buffer => Buffer.from("INSERT INTO shop.t VALUES (66, 'x')")],
      ["JSON", (): Buffer => Buffer.from("{}")],
      ["zeros", (): Buffer => Buffer.alloc(10_000)],
      [
        "noise",
        (): Buffer => Buffer.from(Array.from({ length: 10_000 }, (_, at) => (at * 7919 + (at >> 3)) & 0xff)),
      ],
      [
        "another magic number",
        (body: Buffer): Buffer => Buffer.concat([Buffer.from([0xfe, 0x62, 0x69, 0x6f]), body.subarray(4)]),
      ],
      [
        "the magic number alone and noise",
        (): Buffer => Buffer.concat([Buffer.from([0xfe, 0x62, 0x69, 0x6e]), Buffer.alloc(100, 0xff)]),
      ],
      ["an event of four gigabytes", (body: Buffer): Buffer => alteredAt(body, 4 + 9 + 3, 0xff)],
    ] as const)("are refused where the body is %s", async (title, make) => {
      const answer = await deliver({ ...delivery, body: make(delivery.body) });
      if (title === "nothing" && answer.status === 200) {
        expect(answer.body).toMatchObject({ applied: 0 });
        return;
      }
      expect(["400 invalid-request", "500 binlog-corrupt", "500 binlog-unsupported"]).toContain(
        `${answer.status} ${String(answer.body["code"])}`,
      );
      expectProblem(answer, `${answer.status} ${String(answer.body["code"])}` as Refusal);
    });

    it("are refused wherever one byte is altered", async () => {
      const { body } = delivery;
      for (let at = 4; at < body.length; at += 13) {
        const answer = await deliver({ ...delivery, body: alteredAt(body, at, (body[at] ?? 0) ^ 0x10) });
        expect(answer.status, `byte ${at} of ${body.length}: ${answer.text}`).toBeGreaterThanOrEqual(400);
        expect(
          ["invalid-request", "binlog-corrupt", "binlog-unsupported"],
          `byte ${at}: ${answer.text}`,
        ).toContain(answer.body["code"]);
      }
    });

    it("are never taken in part where they are cut", async () => {
      const { body } = delivery;
      for (let length = 0; length < body.length; length += 17) {
        const answer = await deliver({ ...delivery, body: body.subarray(0, length) });
        // a delivery may hold nothing new
        if (answer.status === 200) expect(answer.body, `${length} bytes`).toMatchObject({ applied: 0 });
        else
          expect(["binlog-corrupt", "invalid-request"], `${length} bytes: ${answer.text}`).toContain(
            answer.body["code"],
          );
      }
    });

    it("are refused by a master", async () => {
      expectProblem(await deliver(delivery, master), "409 epoch-stale");
      expectProblem(await deliver({ ...delivery, headers: {} }, master), "400 invalid-request");
    });

    it.each([
      [{}, "400 invalid-request"],
      [{ nodeId: "../x" }, "400 invalid-request"],
      [{ url: "file:///etc/passwd" }, "400 invalid-request"],
      [{ url: "http://x/path" }, "400 invalid-request"],
      [{ epoch: "-1" }, "400 invalid-request"],
      [{ serverId: -1 }, "400 invalid-request"],
      [{ flavour: "postgres" }, "400 invalid-request"],
      [{ wire: "2" }, "400 invalid-request"],
      [{ gtid: "'; DROP TABLE shop.t" }, "400 invalid-request"],
      [{ nodeId: "node1" }, "409 node-id-taken"],
      [{ clusterId: "another" }, "409 cluster-mismatch"],
      [{ epoch: "99" }, "409 epoch-stale"],
      // of a release that no longer understands this one
      [{ wire: { oldest: 1000, newest: 1001 }, surplus: true }, "409 version-mismatch"],
    ] as const)("don't begin with a registration that is wrong: %j", async (wrong, refusal) => {
      const registration = registrationOf(flavour, { url: "http://127.0.0.1:9", gtid: position });
      const body = Object.keys(wrong).length === 0 ? {} : { ...registration, ...wrong };
      expectProblem(await master.post("/cluster/register", body), refusal);
      expect((await master.get("/cluster")).body["members"]).toHaveLength(2);
      if (refusal === "400 invalid-request") return;
      expectProblem(await slave.post("/cluster/register", { ...registration, ...wrong }), "503 no-leader");
    });

    it("are taken whole once they are right, again and again, and replication goes on", async () => {
      // what is whole before the damage may count, but once
      const damaged = Buffer.concat([delivery.body, Buffer.alloc(50, 0xff)]);
      expectProblem(await deliver({ ...delivery, body: damaged }), "500 binlog-corrupt");
      const answer = await deliver(delivery);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body["applied"]).toBeOneOf([0, 1]);
      expect((await deliver(delivery)).body).toMatchObject({ applied: 0 });
      expect(await rowsOf(slave, "SELECT id, LENGTH(a) AS n FROM shop.t")).toEqual([{ id: 1, n: 200 }]);
      await rawRequest(master, { method: "POST", path: `/cluster/nodes/${slave.nodeId}/resume` });
      expect((await master.post("/execute", { sql: "INSERT INTO shop.t VALUES (2, 'y')" })).status).toBe(200);
      await cluster.waitForSync();
      position = await serverPosition(flavour, slave);
    });
  });
}

function registrationOf(
  flavour: Flavour,
  { url, gtid }: { readonly url: string; readonly gtid: string },
): object {
  return {
    nodeId: "spy",
    clusterId: null,
    url,
    flavour,
    serverId: 4711,
    serverVersion: "0",
    version: "0",
    epoch: "0",
    gtid,
    history: gtid,
    dataEpoch: "0",
    empty: false,
    torn: false,
    wantsRebuild: false,
  };
}

/** Joins the cluster as a node of its own, takes the first delivery that holds something, and leaves. */
async function overhear(
  flavour: Flavour,
  { master, position }: { readonly master: ClusterNode; readonly position: string },
): Promise<Delivery> {
  const heard = Promise.withResolvers<Delivery>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.once("error", heard.reject);
    request.once("end", () => {
      const body = Buffer.concat(parts);
      if (request.url === "/replicate/transactions" && request.headers["x-understudy-after"] === position) {
        if (body.includes("xxxx"))
          heard.resolve({
            headers: deliveryHeaders(request.headers),
            body: body.subarray(0, endOfCommit(body)),
          });
      }
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ nodeId: "spy", position, epoch: "1", state: "streaming", applied: 0 }));
    });
  });
  server.listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const joined = await master.post("/cluster/register", registrationOf(flavour, { url, gtid: position }));
    expect(joined.body, joined.text).toMatchObject({ action: "deliver" });
    return await heard.promise;
  } finally {
    await rawRequest(master, { method: "DELETE", path: "/cluster/nodes/spy" });
    server.closeAllConnections();
    server.close();
  }
}

function deliveryHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] =>
        (entry[0].startsWith("x-understudy-") || entry[0] === "content-type") && typeof entry[1] === "string",
    ),
  );
}

/** Where the commit of the first transaction ends: what follows belongs to none. */
function endOfCommit(body: Buffer): number {
  for (let at = 4; at + EVENT_HEADER_BYTES <= body.length;) {
    const end = at + body.readUInt32LE(at + EVENT_LENGTH_OFFSET);
    if (body[at + EVENT_TYPE_OFFSET] === XID_EVENT) return end;
    at = end;
  }
  throw new Error("the delivery holds no commit");
}

/** A bit is another, or a part is missing, doubled or cut off; nothing of the kind leaves the body as it was. */
function damaged(random: Random, body: Buffer): Buffer {
  const at = Math.floor(random() * body.length);
  const length = 1 + Math.floor(random() * 40);
  const kind = random();
  if (kind < 0.4) return alteredAt(body, at, (body[at] ?? 0) ^ (1 << Math.floor(random() * 8)));
  if (kind < 0.6) return body.subarray(0, at);
  if (kind < 0.8) return Buffer.concat([body.subarray(0, at), body.subarray(at + length)]);
  // behind the commit it would only be something more, and the transaction before it whole
  const from = Math.min(at, body.length - length - 1);
  return Buffer.concat([body.subarray(0, from + length), body.subarray(from)]);
}

function alteredAt(body: Buffer, at: number, value: number): Buffer {
  const altered = Buffer.from(body);
  altered[at] = value;
  return altered;
}
