// A cluster whose nodes ask for tokens: what each may do at any node, what the database server itself refuses, and what is never told.
import { connect as connectPlanetscale } from "@planetscale/database";
import { connect } from "@understudy/client";
import { testFlavours } from "@understudy/database-server";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startCluster, type Answer, type Cluster, type ClusterNode } from "../src/index.ts";
import { expectRights } from "./rights-matrix.ts";
import { TokenFolder } from "./token-file.ts";

const run = promisify(execFile);
const APP = join(import.meta.dirname, "../../../apps/slave/src/main.ts");
const WAIT = { timeout: 60_000, interval: 100 };

const TOKENS = {
  all: { rights: ["read", "write", "ddl"] },
  reader: { rights: ["read"] },
  writer: { rights: ["read", "write"] },
  blind: { rights: ["write"] },
  definer: { rights: ["ddl"] },
  ops: { rights: ["admin"] },
  shop: { rights: ["read", "write", "ddl"], databases: ["shop"] },
  crm: { rights: ["read", "write", "ddl"], databases: ["crm"] },
  old: { rights: ["read", "write", "ddl", "admin", "replicate"], expires: "2020-01-01" },
} as const;

for (const flavour of testFlavours()) {
  describe(`tokens on ${flavour}`, () => {
    let tokens: TokenFolder;
    let cluster: Cluster;

    beforeAll(async () => {
      tokens = await TokenFolder.open(TOKENS);
      cluster = await startCluster({
        flavour,
        slaves: 1,
        environment: tokens.environment,
        token: tokens.secret("reader"),
      });
      for (const name of ["shop", "crm"]) {
        await post(cluster.master, "all", "/createdb", { name });
        const table = { database: name, table: "t", columns: "id INT PRIMARY KEY, word VARCHAR(50)" };
        await post(cluster.master, "all", "/createtable", table);
        await post(cluster.master, "all", "/insert", {
          database: name,
          table: "t",
          record: { id: 1, word: name },
        });
      }
      await cluster.waitForSync();
    });

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
      await tokens[Symbol.asyncDispose]();
    });

    const post = (
      node: ClusterNode,
      token: keyof typeof TOKENS | "nodes",
      path: string,
      body: object,
    ): Promise<Answer> => node.post(path, body, tokens.as(token));
    const codeOf = ({ status, body }: Answer): unknown => (status < 400 ? "ok" : body["code"]);

    it("takes writes at a slave under the client's own token, and refuses them there without", async () => {
      const slave = cluster.firstSlave;
      const sql = "INSERT INTO shop.t VALUES (2, 'by the slave')";
      expect(codeOf(await post(slave, "writer", "/execute", { sql, ack: "all" }))).toBe("ok");
      const refused = await slave.post("/execute", { sql });
      expect(refused.status).toBe(401);
      expect(refused.headers["www-authenticate"]).toMatch(/^Bearer/);
      expect(codeOf(await post(slave, "reader", "/execute", { sql }))).toBe("forbidden");
      expect(codeOf(await post(slave, "old", "/query", { sql: "SELECT 1" }))).toBe("unauthenticated");
      expect(codeOf(await post(slave, "reader", "/query", { sql: "SELECT 1", consistency: "strong" }))).toBe(
        "ok",
      );
    });

    it("wants the right that each statement needs, and the database server wants it, too", async () => {
      const statements = {
        write: "UPDATE shop.t SET word = 'x' WHERE id = -1",
        ddl: "CREATE TABLE IF NOT EXISTS shop.made (id INT PRIMARY KEY)",
      };
      for (const node of cluster.nodes) {
        for (const [right, sql] of Object.entries(statements)) {
          const byWriter = await post(node, "writer", "/execute", { sql });
          expect({ sql, code: codeOf(byWriter) }).toEqual({
            sql,
            code: right === "write" ? "ok" : "forbidden",
          });
          if (right === "ddl") expect(byWriter.body["detail"]).toMatch(/lacks the right ddl/);
          const byDefiner = await post(node, "definer", "/execute", { sql });
          expect({ sql, code: codeOf(byDefiner) }).toEqual({
            sql,
            code: right === "ddl" ? "ok" : "forbidden",
          });
        }
        // a token that may not read can't by way of a change either
        const blind = (body: object, path = "/execute") => post(node, "blind", path, body).then(codeOf);
        expect(await blind({ sql: "INSERT INTO shop.t SELECT id + 100, word FROM crm.t" })).toBe("forbidden");
        expect(await blind({ statements: [{ sql: "SELECT * FROM crm.t" }] }, "/batch")).toBe("forbidden");
        expect(await blind({ sql: `INSERT IGNORE INTO shop.t VALUES (7, 'blind')` })).toBe("ok");
      }
    });

    it("keeps a token in its databases, by whatever way it asks, at every node", async () => {
      for (const node of cluster.nodes) {
        const ask = async (path: string, body: object) => codeOf(await post(node, "shop", path, body));
        const sql = "SELECT word FROM crm.t";
        const escapes: Record<string, object> = {
          "/query": { sql, database: "shop" },
          "/batch": { statements: [{ sql }], database: "shop" },
          "/execute": { sql: `INSERT INTO t SELECT id + 900, word FROM crm.t`, database: "shop" },
          "/select": { database: "crm", table: "t" },
          "/insert": { database: "crm", table: "t", record: { id: 5 } },
          "/dropdb": { name: "crm" },
          "/createdb": { name: "mine_too" },
          "/transactions": { database: "crm" },
        };
        for (const [path, body] of Object.entries(escapes)) {
          expect({ path, code: await ask(path, body) }).toEqual({ path, code: "forbidden" });
        }
        expect(
          codeOf(await post(node, "shop", "/query", { sql: "SELECT word FROM t", database: "shop" })),
        ).toBe("ok");
        const lines = { headers: { ...tokens.as("shop").headers, accept: "application/x-ndjson" } };
        expect(codeOf(await node.post("/query", { sql }, lines))).toBe("forbidden");
        expect((await node.get("/databases", tokens.as("shop"))).body).toEqual({ databases: ["shop"] });
        expect((await node.get("/databases/crm/tables", tokens.as("shop"))).status).toBe(403);
        expect((await node.get("/cluster", tokens.as("shop"))).body["warnings"]).toEqual([]);
        for (const path of ["/cluster/events", "/metrics", "/jobs", "/cluster/plan", "/cluster/quarantine"]) {
          expect({ path, status: (await node.get(path, tokens.as("shop"))).status }).toEqual({
            path,
            status: 403,
          });
        }
      }
    });

    it("keeps a transaction with the token that began it", async () => {
      for (const node of cluster.nodes) {
        const { body } = await post(node, "shop", "/transactions", { database: "shop" });
        const path = `/transactions/${String(body["id"])}`;
        expect(codeOf(await post(node, "crm", `${path}/query`, { sql: "SELECT * FROM t" }))).toBe(
          "forbidden",
        );
        expect(codeOf(await post(node, "all", `${path}/commit`, {}))).toBe("forbidden");
        expect(codeOf(await post(node, "shop", `${path}/query`, { sql: "SELECT * FROM crm.t" }))).toBe(
          "forbidden",
        );
        expect(
          codeOf(await post(node, "shop", `${path}/execute`, { sql: "DELETE FROM t WHERE id = -1" })),
        ).toBe("ok");
        expect(codeOf(await post(node, "shop", `${path}/commit`, {}))).toBe("ok");
      }
    });

    it("gives no answer of another token's write for the same idempotency key", async () => {
      const write = (token: "shop" | "crm") =>
        cluster.master.post(
          "/execute",
          { sql: "INSERT INTO shop.t VALUES (40, 'keyed')" },
          { headers: { ...tokens.as(token).headers, "idempotency-key": "a-key" } },
        );
      expect(codeOf(await write("shop"))).toBe("ok");
      expect(codeOf(await write("shop"))).toBe("ok");
      // not the answer of before, and not run either
      expect(codeOf(await write("crm"))).toBe("idempotency-mismatch");
    });

    it("asks PlanetScale's driver and our own client for them, too", async () => {
      for (const node of cluster.nodes) {
        const host = new URL(node.url);
        const driver = (username: string, password: string) =>
          connectPlanetscale({ url: `http://${username}:${password}@${host.host}` });
        const { rows } = await driver("shop", tokens.secret("shop")).execute(
          "SELECT word FROM t WHERE id = 1",
        );
        expect(rows).toEqual([{ word: "shop" }]);
        await expect(driver("shop", tokens.secret("shop")).execute("SELECT * FROM crm.t")).rejects.toThrow(
          /denied/,
        );
        await expect(driver("crm", tokens.secret("shop")).execute("SELECT 1")).rejects.toThrow(
          /not for the database/,
        );
        await expect(driver("shop", "wrong-password-wrong").execute("SELECT 1")).rejects.toThrow(/token/);
        await using db = await connect({ nodes: [node.url], token: async () => tokens.secret("shop") });
        await db.execute("REPLACE INTO shop.t VALUES (50, 'client')");
        expect((await db.query("SELECT word FROM shop.t WHERE id = 50")).rows).toEqual([{ word: "client" }]);
        await expect(connect({ nodes: [node.url] })).rejects.toMatchObject({ code: "unauthenticated" });
      }
    });

    it("keeps clients from what nodes ask of each other, and nodes from what is clients'", async () => {
      const [master, slave] = [cluster.master, cluster.firstSlave];
      expect((await slave.get("/replicate/position", tokens.as("all"))).status).toBe(403);
      expect((await master.get("/replicate/snapshot?for=node9", tokens.as("ops"))).status).toBe(403);
      expect((await slave.get("/replicate/position", tokens.as("nodes"))).status).toBe(200);
      expect(codeOf(await post(slave, "nodes", "/query", { sql: "SELECT 1" }))).toBe("forbidden");
      expect(codeOf(await post(slave, "nodes", "/cluster/failover", { acceptLoss: true }))).toBe("forbidden");
      // an order that another node carries out is given under the client's token
      expect(codeOf(await post(master, "ops", "/cluster/nodes/node2/pause", {}))).toBe("ok");
      expect(codeOf(await post(master, "ops", "/cluster/nodes/node2/resume", {}))).toBe("ok");
      expect(codeOf(await post(master, "all", "/cluster/nodes/node2/pause", {}))).toBe("forbidden");
      await cluster.waitUntilReplicating();
      const log = await readFile(master.logFile, "utf8");
      const audits = log.split("\n").filter((line) => line.includes('"event":"audit"'));
      expect(audits.join("\n")).toMatch(/"caller":"ops".*node2.*|node2.*"caller":"ops"/);
    });

    it("sees new and revoked tokens within seconds, by the command that makes them", async () => {
      const words = ["--file", tokens.file];
      const made = await run(process.execPath, [
        APP,
        "token",
        "create",
        "--name",
        "late",
        "--rights",
        "read",
        ...words,
      ]);
      const late = { headers: { authorization: `Bearer ${made.stdout.trim()}` } };
      for (const node of cluster.nodes) {
        await vi.waitUntil(async () => (await node.get("/databases", late)).status === 200, WAIT);
      }
      await run(process.execPath, [APP, "token", "revoke", "--name", "late", ...words]);
      for (const node of cluster.nodes) {
        await vi.waitUntil(async () => (await node.get("/databases", late)).status === 401, WAIT);
      }
    });

    it("goes on under the tokens of before where the new file is broken, and says so", async () => {
      await tokens.replace("tokens.json", '{"tokens": [');
      for (const node of cluster.nodes) {
        const warnings = async () => (await node.get("/cluster", tokens.as("reader"))).text;
        await vi.waitUntil(async () => /tokens of before are still in force/.test(await warnings()), WAIT);
      }
      await tokens.restore();
      for (const node of cluster.nodes) {
        await vi.waitUntil(
          async () => !/still in force/.test((await node.get("/cluster", tokens.as("reader"))).text),
          WAIT,
        );
      }
    });

    it("says why nothing is delivered where the nodes' own token is wrong, and goes on once it is right", async () => {
      await tokens.replace("node-token", `understudy_${"x".repeat(43)}`);
      const view = async () => (await cluster.master.get("/cluster", tokens.as("reader"))).text;
      await vi.waitUntil(async () => /does not know the token/.test(await view()), WAIT);
      const slaveView = async () => (await cluster.firstSlave.get("/cluster", tokens.as("reader"))).text;
      await vi.waitUntil(async () => /UNDERSTUDY_NODE_TOKEN/.test(await slaveView()), WAIT);
      await tokens.restore();
      await cluster.waitUntilReplicating();
    });

    it("opens each route of each node to exactly those that the table of rights names, and refuses the others without any effect", async () => {
      const sql = "CREATE TABLE shop.matrix (id INT PRIMARY KEY, word VARCHAR(9))";
      expect(codeOf(await post(cluster.master, "all", "/execute", { sql, ack: "all" }))).toBe("ok");
      const bound = ["read", "write", "ddl"];
      await expectRights(cluster, {
        "no token": { secret: null, rights: [] },
        "a wrong one": { secret: `understudy_${"y".repeat(43)}`, rights: [] },
        "an expired one": { secret: tokens.secret("old"), rights: [] },
        read: { secret: tokens.secret("reader"), rights: ["read"] },
        write: { secret: tokens.secret("blind"), rights: ["write"] },
        ddl: { secret: tokens.secret("definer"), rights: ["ddl"] },
        admin: { secret: tokens.secret("ops"), rights: ["admin"] },
        replicate: { secret: tokens.secret("nodes"), rights: ["replicate"] },
        "bound to shop": { secret: tokens.secret("shop"), rights: bound, database: "shop" },
        "bound to crm": { secret: tokens.secret("crm"), rights: bound, database: "crm" },
      });
      await cluster.waitUntilReplicating();
    });

    it("never tells a token or a password", async () => {
      const told: string[] = [];
      for (const node of cluster.nodes) {
        for (const path of ["/cluster", "/cluster/events?limit=1000", "/metrics", "/ping", "/openapi.json"]) {
          told.push((await node.get(path, tokens.as("reader"))).text);
        }
        told.push((await node.post("/query", { sql: "SELECT" }, tokens.as("reader"))).text);
        told.push(await readFile(node.logFile, "utf8"));
      }
      const all = told.join("\n");
      expect(all.length).toBeGreaterThan(10_000);
      const password = new URL(cluster.master.database.url).password;
      for (const secret of [...tokens.secrets, ...(password === "" ? [] : [password])])
        expect(all).not.toContain(secret);
    });
  });
}
