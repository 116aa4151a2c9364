// A master delivers to nobody whose history it has not compared with its own since it leads: equal positions may stand for different data.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { expectAllEqual, rowsOf, startCluster, type ClusterNode } from "../src/index.ts";
import { serverPosition } from "../src/server-position.ts";
import { PATIENCE_MS, restart, untilJob } from "./rejoin-steps.ts";

const STEP_MS = 180_000;
const INVITATIONS = 3;

/** A node that answers everything with what a slave at `position` would say, and notes what it is asked. */
class Spy implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #server: Server;

  private constructor(position: string) {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? "");
      request.resume();
      const answer = { nodeId: "spy", position, epoch: "1", state: "streaming", applied: 0, follows: false };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  }

  static async open(position: string): Promise<Spy> {
    const spy = new Spy(position);
    await new Promise<void>((resolve) => spy.#server.listen(0, "127.0.0.1", resolve));
    return spy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  timesAsked(path: string): number {
    return this.asked.filter((one) => one === path).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function insert(node: ClusterNode, id: number, ack: string): Promise<void> {
  const answer = await node.post("/insert", { database: "shop", table: "t", record: { id }, ack });
  expect(answer.status, answer.text).toBe(201);
}

async function leads(node: ClusterNode): Promise<void> {
  const answer = await node.post("/cluster/failover", { acceptLoss: true });
  expect(answer, answer.text).toMatchObject({ status: 200, body: { leader: node.nodeId } });
}

for (const flavour of testFlavours()) {
  describe(`a node that has not registered with its master on ${flavour}`, () => {
    it(
      "is invited, and is sent nothing before it does",
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 0 });
        const { master } = cluster;
        const position = await serverPosition(flavour, master);
        await using spy = await Spy.open(position);
        const registration = {
          nodeId: "spy",
          clusterId: null,
          url: spy.url,
          flavour,
          serverId: 4711,
          serverVersion: "0",
          version: "0",
          epoch: "0",
          gtid: position,
          history: position,
          dataEpoch: "0",
          empty: false,
          torn: false,
          wantsRebuild: false,
        };
        const register = async (): Promise<unknown> =>
          (await master.post("/cluster/register", registration)).body["action"];
        const isSentTo = (): Promise<void> =>
          expect
            .poll(() => spy.timesAsked("/replicate/transactions"), { timeout: PATIENCE_MS })
            .toBeGreaterThan(0);
        expect(await register()).toBe("deliver");
        await isSentTo();

        await master.stop();
        spy.asked.length = 0;
        await master.start();
        await expect
          .poll(() => spy.timesAsked("/cluster/follows"), { timeout: PATIENCE_MS })
          .toBeGreaterThanOrEqual(INVITATIONS);
        expect(spy.asked.filter((path) => path.startsWith("/replicate/"))).toEqual([]);
        expect((await master.get("/cluster")).body["members"]).toContainEqual(
          expect.objectContaining({ nodeId: "spy", position: null }),
        );
        expect(await register()).toBe("deliver");
        await isSentTo();
      },
      STEP_MS,
    );

    it(
      "has what only it has put into quarantine, though its numbers were used again meanwhile",
      async () => {
        await using cluster = await startCluster({ flavour, slaves: 2 });
        const [first, second, third] = cluster.nodes;
        if (!first || !second || !third) throw new Error("three nodes were asked for");
        await first.post("/createdb", { name: "shop" });
        await first.post("/execute", { sql: "CREATE TABLE shop.t (id INT PRIMARY KEY)" });
        await cluster.waitForSync();
        await second.stop();
        await first.post("/execute", { sql: "INSERT INTO shop.t VALUES (1)", ack: 1 });
        await third.killHard();
        await first.killHard();

        // who lacks it leads on, and then the one that wrote it, with a copy that has it not
        await second.start();
        await expect
          .poll(async () => (await second.get("/ping")).body["status"], { timeout: PATIENCE_MS })
          .not.toBe("starting");
        await leads(second);
        await first.start();
        expect(await untilJob(first, ({ state }) => state !== "running")).toMatchObject({ state: "done" });
        await expect
          .poll(async () => (await first.get("/health/slave")).status, { timeout: PATIENCE_MS })
          .toBe(200);
        await leads(first);
        for (const id of [11, 12, 13, 14]) await insert(first, id, "async");

        await third.start();
        expect(await untilJob(third, ({ state }) => state !== "running")).toMatchObject({ state: "done" });
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(first.nodeId);
        await expectAllEqual(cluster, first);
        expect(await rowsOf(third, "SELECT id FROM shop.t ORDER BY id")).toEqual(
          [11, 12, 13, 14].map((id) => ({ id })),
        );
        const kept = (await third.get("/cluster/quarantine")).body["entries"] as readonly {
          readonly manifest: { readonly node: string; readonly transactionCount: number };
        }[];
        // of the node that wrote it, and of the one that had it from there
        const counts = kept.map(({ manifest }) => [manifest.node, manifest.transactionCount] as const);
        expect(Object.fromEntries(counts)).toEqual({ [first.nodeId]: 1, [third.nodeId]: 1 });
        await restart(first);
        expect(await cluster.waitUntilReplicating(PATIENCE_MS)).toBe(first.nodeId);
      },
      STEP_MS,
    );
  });
}
