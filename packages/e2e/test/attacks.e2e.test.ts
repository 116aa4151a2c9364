// What somebody tries who wants more than a token gives: other machines reached through a node, files, its memory, its log.
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { startCluster, type Cluster } from "../src/index.ts";
import { exchangeBytes, rawRequest, sendText } from "./raw-request.ts";
import { watchMemory } from "./resident-memory.ts";
import { SPY } from "./spy-registration.ts";

const [flavour = "mariadb"] = testFlavours();
const REGISTRATION = { ...SPY, flavour };

let cluster: Cluster;
/** A machine that nobody may be sent to. */
let bait: Server;
let baitHost = "";
let visits = 0;

beforeAll(async () => {
  bait = createServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(bait, "listening");
  baitHost = `127.0.0.1:${(bait.address() as AddressInfo).port}`;
  cluster = await startCluster({ flavour, slaves: 1 });
  await cluster.master.post("/createdb", { name: "shop" });
  await cluster.master.post("/createtable", { database: "shop", table: "t", columns: "id INT PRIMARY KEY" });
  await cluster.waitForSync();
});

afterAll(async () => {
  bait.close();
  await cluster[Symbol.asyncDispose]();
});

it("a request whose target names another machine goes on to the master alone", async () => {
  const body = JSON.stringify({ database: "shop", table: "t", record: { id: 1 } });
  const { host } = new URL(cluster.firstSlave.url);
  for (const target of [`http://${baitHost}/insert`, `//${baitHost}/insert`, `@${baitHost}/insert`]) {
    const head = `POST ${target} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\nconnection: close\r\n`;
    const text = await exchangeBytes(
      cluster.firstSlave,
      `${head}content-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(text, target).toMatch(/^HTTP\/1\.1 (201|400|404|409) /);
  }
  expect(visits).toBe(0);
});

it("no URL with more than a host and a port becomes a member's", async () => {
  for (const url of [
    `http://user:secret@${baitHost}`,
    `http://${baitHost}?x=1`,
    `http://${baitHost}#x`,
    `http://${baitHost}\\@evil.example`,
    "file:///etc/passwd",
    "gopher://127.0.0.1:70",
    "http://",
  ]) {
    const answer = await cluster.master.post("/cluster/register", { ...REGISTRATION, url });
    expect({ url, status: answer.status, code: answer.body["code"] }).toEqual({
      url,
      status: 400,
      code: "invalid-request",
    });
  }
  expect(visits).toBe(0);
  expect((await cluster.master.get("/cluster")).text).not.toContain("spy");
});

it("no name leads out of the folders of quarantines and of the page", async () => {
  const ways = [
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "..",
    "....%2f%2fetc",
    "%00",
    "..%5c..%5cx",
    ".",
  ];
  for (const way of ways) {
    for (const path of [`/cluster/quarantine/${way}`, `/cluster/quarantine/${way}/raw`, `/docs/${way}`]) {
      const answer = await rawRequest(cluster.master, { path });
      expect([400, 404], path).toContain(answer.status);
      expect(answer.text, path).not.toMatch(/root:|"name":/);
    }
    const applied = await cluster.master.post(`/cluster/quarantine/${way}/discard`, { reason: "x" });
    expect([400, 404], way).toContain(applied.status);
  }
});

it("a small body does not become a large one", async () => {
  const memory = await watchMemory(cluster.master);
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  for (const encoding of ["gzip", "deflate", "br"]) {
    const headers = { "content-type": "application/json", "content-encoding": encoding };
    const answer = await rawRequest(cluster.master, { path: "/query", headers, body: bomb });
    expect([400, 415], encoding).toContain(answer.status);
    expect(answer.body["code"]).toBe("invalid-request");
  }
  // three times 200 MB it would be
  expect((await memory.peakMb()) - memory.startMb).toBeLessThan(60);
}, 120_000);

it("no key reaches for what all objects share", async () => {
  for (const body of [
    '{"sql":"SELECT 1","__proto__":{"rows":"arrays"}}',
    '{"sql":"SELECT 1","constructor":{"prototype":{"x":1}}}',
    '{"sql":"SELECT :a AS a","params":{"__proto__":{"a":1}}}',
    '{"__proto__":{"sql":"SELECT 1"}}',
  ]) {
    expect(await sendText(cluster.master, "/query", body), body).toMatchObject({ status: 400 });
  }
  expect((await cluster.master.post("/query", { sql: "SELECT 'x' AS a" })).body["rows"]).toEqual([
    { a: "x" },
  ]);
});

it("nothing that is sent forges a line of the log, or moves a terminal's cursor", async () => {
  const forged = '{"level":60,"msg":"forged"}';
  const sent = `\u001b[2J%0a${encodeURIComponent(forged)}`;
  await rawRequest(cluster.master, {
    path: `/query/%1b%5b2J%0a${encodeURIComponent(forged)}`,
    headers: {
      "user-agent": sent.replaceAll("\u001b", "%1b"),
      "x-request-id": forged,
      authorization: forged,
    },
  });
  await cluster.master.post("/query", { sql: `SELECT '\u001b[2J\n${forged}' FROM` });
  await cluster.master.post("/cluster/nodes/%1b%5b2J%0a/pause", {});
  const text = await readFile(cluster.master.logFile, "utf8");
  expect(text).not.toMatch(/\u001b/);
  for (const line of text.trim().split("\n")) {
    const { level } = JSON.parse(line) as { level: number };
    expect(level, line).toBeLessThan(60);
  }
});

it("and all goes on", async () => {
  const sql = "INSERT INTO shop.t VALUES (100)";
  expect((await cluster.firstSlave.post("/execute", { sql, ack: "all" })).status).toBe(200);
});
