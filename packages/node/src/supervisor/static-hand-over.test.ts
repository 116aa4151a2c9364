import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnderstudyError, type OfferAnswer } from "@understudy/protocol";
import { expect, test } from "vitest";
import { createPeerClients } from "../peers/peer-clients.ts";
import { readKeptHandOver } from "./kept-hand-over.ts";
import { StaticHandOver } from "./static-hand-over.ts";

type Reply = OfferAnswer | "cut" | "refuse";
const NEVER = new AbortController().signal;
const PING = {
  nodeId: "b",
  status: "ok",
  uptimeSeconds: 1,
  version: "0",
  clusterId: "",
  role: "slave",
  epoch: "1",
  position: "1:",
};

/** A node in epoch 3 and another one, which answers offers as the test says, one after another. */
class Scene implements AsyncDisposable {
  readonly done: string[] = [];
  readonly offers: { readonly offer: string; readonly stands: boolean }[] = [];
  replies: Reply[] = [];
  isMaster = true;
  epoch = 3n;
  leadFails = false;
  readonly dataDir: string;
  readonly #server: Server;

  private constructor(dataDir: string) {
    this.dataDir = dataDir;
    this.#server = createServer((request, response) => {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString("utf8")));
      request.on("end", () => {
        const reply = request.url === "/ping" ? PING : this.#next(text);
        if (reply === "cut") response.destroy();
        else if (reply === "refuse") {
          response.writeHead(409, { "content-type": "application/problem+json" });
          response.end(JSON.stringify({ code: "promotion-blocked", detail: "not fit", status: 409 }));
        } else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
      });
    });
  }

  static async open(): Promise<Scene> {
    const scene = new Scene(await mkdtemp(join(tmpdir(), "understudy-hand-over-")));
    await new Promise<void>((resolve) => scene.#server.listen(0, "127.0.0.1", resolve));
    return scene;
  }

  #next(text: string): Reply {
    this.offers.push(JSON.parse(text) as { offer: string; stands: boolean });
    return this.replies.shift() ?? "cut";
  }

  get to() {
    return { nodeId: "b", url: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}` };
  }

  /** Of a life of the node that begins now. */
  async handOver(): Promise<StaticHandOver> {
    return new StaticHandOver({
      nodeId: "a",
      dataDir: this.dataDir,
      peers: createPeerClients("node1"),
      epoch: () => this.epoch,
      isMaster: () => this.isMaster,
      checkTakes: () => undefined,
      pending: await readKeptHandOver(this.dataDir),
      host: {
        follow: (leader) => this.done.push(`follow ${String(leader?.nodeId)} in ${String(leader?.epoch)}`),
        stepDown: async () => {
          this.isMaster = false;
          this.done.push("step down");
        },
        lead: async (epoch) => {
          if (this.leadFails) throw new UnderstudyError("database-unavailable", "gone");
          this.isMaster = true;
          this.epoch = epoch ?? this.epoch;
          this.done.push(`lead in ${String(epoch)}`);
        },
        close: async (epoch) => void this.done.push(`close ${epoch}`),
        reopen: async (epoch) => void this.done.push(`reopen ${epoch}`),
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.dataDir, { recursive: true });
  }
}

test("an offer that is taken ends the lead", async () => {
  await using scene = await Scene.open();
  scene.replies = [{ leads: true, epoch: "4" }];
  const handOver = await scene.handOver();
  await handOver.offer(scene.to, NEVER);
  expect(scene.done).toEqual(["follow b in 4", "step down"]);
  expect(handOver.isPending).toBe(false);
  expect(await readKeptHandOver(scene.dataDir)).toBeNull();
});

test("an answer that was lost is asked for again, and may be a yes", async () => {
  await using scene = await Scene.open();
  scene.replies = ["cut", { leads: true, epoch: "4" }];
  await (await scene.handOver()).offer(scene.to, NEVER);
  expect(scene.offers.map(({ stands }) => stands)).toEqual([true, false]);
  expect(scene.done).toEqual(["follow b in 4", "step down"]);
});

test("after an offer that never will be taken the master goes on", async () => {
  await using scene = await Scene.open();
  scene.replies = ["refuse", { leads: false, epoch: "3" }];
  const handOver = await scene.handOver();
  await expect(handOver.offer(scene.to, NEVER)).rejects.toMatchObject({
    code: "promotion-blocked",
    message: expect.stringContaining("not fit"),
  });
  expect(scene.done).toEqual([]);
  expect([handOver.isPending, await readKeptHandOver(scene.dataDir)]).toEqual([false, null]);
});

test("nobody leads on while it is not known whether the offer was taken, also after a restart", async () => {
  await using scene = await Scene.open();
  const handOver = await scene.handOver();
  await expect(handOver.offer(scene.to, NEVER)).rejects.toMatchObject({ code: "coordination-unavailable" });
  expect(scene.done).toEqual(["follow b in 4", "step down"]);
  await expect(handOver.settle(NEVER)).rejects.toThrow();
  const restarted = await scene.handOver();
  expect(restarted.isPending).toBe(true);
  await expect(restarted.settle(NEVER)).rejects.toThrow();
  scene.replies = [{ leads: true, epoch: "4" }];
  expect(await restarted.settle(NEVER)).toBe(true);
  expect(scene.done.at(-1)).toBe("follow b in 4");
  expect((await scene.handOver()).isPending).toBe(false);
  expect(new Set(scene.offers.map(({ offer }) => offer)).size).toBe(1);
});

test("a lead that the other has begun and given up is led on above its epoch", async () => {
  await using scene = await Scene.open();
  scene.replies = ["refuse", { leads: false, epoch: "4" }];
  const handOver = await scene.handOver();
  await expect(handOver.offer(scene.to, NEVER)).rejects.toMatchObject({ code: "coordination-unavailable" });
  scene.replies = [{ leads: false, epoch: "4" }];
  expect(await handOver.settle(NEVER)).toBe(true);
  expect(scene.done).toEqual(["follow b in 4", "step down", "lead in 5"]);
  expect(await readKeptHandOver(scene.dataDir)).toBeNull();
});

test("who is offered a lead takes it once, and never after it was taken back", async () => {
  await using scene = await Scene.open();
  scene.isMaster = false;
  const handOver = await scene.handOver();
  const offer = { offer: "one", leader: "b", epoch: "3", stands: true };
  expect(await handOver.answer({ ...offer, offer: "none", stands: false }, NEVER)).toEqual({
    leads: false,
    epoch: "3",
  });
  await expect(handOver.answer({ ...offer, offer: "none" }, NEVER)).rejects.toMatchObject({
    code: "promotion-blocked",
  });
  const taken = { leads: true, epoch: "4" };
  expect(await handOver.answer(offer, NEVER)).toEqual(taken);
  expect(await handOver.answer(offer, NEVER)).toEqual(taken);
  expect(await handOver.answer({ ...offer, stands: false }, NEVER)).toEqual(taken);
  expect(scene.done).toEqual(["reopen 3", "close 3", "lead in 4"]);
});

test("who can't begin to lead follows again, and says so", async () => {
  await using scene = await Scene.open();
  scene.isMaster = false;
  scene.leadFails = true;
  const handOver = await scene.handOver();
  const offer = { offer: "one", leader: "b", epoch: "3", stands: true };
  await expect(handOver.answer(offer, NEVER)).rejects.toMatchObject({ code: "database-unavailable" });
  expect(await handOver.answer({ ...offer, stands: false }, NEVER)).toEqual({ leads: false, epoch: "3" });
  expect(scene.done).toEqual(["close 3", "step down", "reopen 3"]);
});
