import { parseGtidPosition } from "@understudy/binlog";
import { DeadlinePassed, orAbort, VirtualClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { AckWait } from "@understudy/replication-queue";
import { expect, it } from "vitest";
import { WriteAcks, type WriteAcksOptions } from "./write-acks.ts";

const position = parseGtidPosition("mariadb", "0-1-7");
const write = { position, positionText: "1:0-1-7" };

/** A cluster of two slaves; who has acked is said by hand. */
function openScene(
  defaultAck: WriteAcksOptions["defaultAck"] = "async",
  options: Partial<Pick<WriteAcksOptions, "conditions" | "checkLeads">> = {},
) {
  const clock = new VirtualClock();
  const ended = new AbortController();
  const scene = { acked: [] as string[], slaves: 2, waits: [] as { wait: AckWait; resolve: () => void }[] };
  const acks = new WriteAcks({
    clock,
    defaultAck,
    slaves: () => scene.slaves,
    ended: ended.signal,
    conditions: options.conditions,
    checkLeads: options.checkLeads ?? (() => undefined),
    queue: {
      ackedBy: () => scene.acked,
      waitForAcks: async (wait) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        scene.waits.push({ wait, resolve });
        await orAbort(promise, wait.signal);
        return scene.acked;
      },
    },
  });
  return Object.assign(scene, { clock, ended, acks });
}

it("async waits for none and names those that have it already", async () => {
  const scene = openScene();
  scene.acked = ["a"];
  expect(await scene.acks.wait(write, { ack: "async", ackTimeoutMs: 1 })).toEqual(["a"]);
  expect(await scene.acks.wait(write, { ackTimeoutMs: 1 })).toEqual(["a"]);
  expect(scene.waits).toEqual([]);
});

it("what a request leaves open is the node's to say", async () => {
  const scene = openScene("all");
  const waiting = scene.acks.wait(write, { ackTimeoutMs: 100 });
  expect([0, 1, 2].map((slaves) => scene.waits[0]?.wait.wanted(slaves))).toEqual([0, 1, 2]);
  scene.acked = ["a"];
  scene.waits[0]?.resolve();
  expect(await waiting).toEqual(["a"]);
  expect(() => openScene(2).acks.check({})).not.toThrow();
  expect(() => openScene(3).acks.check({})).toThrow(expect.objectContaining({ code: "invalid-request" }));
});

it("a write that is not confirmed in time is said to be committed, where, and by whom it is acked", async () => {
  const scene = openScene();
  const waiting = scene.acks.wait(write, { ack: 2, ackTimeoutMs: 100 }).catch((error: unknown) => error);
  await scene.clock.advance(99);
  scene.acked = ["b"];
  await scene.clock.advance(1);
  const error = await waiting;
  expect(error).toMatchObject({
    code: "ack-timeout",
    details: { committed: true, position: "1:0-1-7", acks: ["b"], wanted: 2 },
    message: expect.stringContaining("within 100 ms"),
  });
  expect(error).toHaveProperty("cause", expect.any(DeadlinePassed));
});

it("so is one whose master ceases to be one", async () => {
  const scene = openScene();
  const waiting = scene.acks.wait(write, { ack: 1, ackTimeoutMs: 100 }).catch((error: unknown) => error);
  scene.ended.abort(new Error("the role has ended"));
  expect(await waiting).toMatchObject({
    code: "ack-timeout",
    details: { committed: true, acks: [], wanted: 1 },
    message: expect.stringContaining("ceased to be the master"),
  });
});

it("only those in sync count where later elections rely on them, and none before that is agreed on", async () => {
  let sets: readonly { members: string[]; acks: number }[] | null = null;
  const scene = openScene("majority", { conditions: () => sets });
  scene.acked = ["a", "b"];
  const waiting = scene.acks.wait(write, { ackTimeoutMs: 1000 });
  const isEnough = scene.waits[0]?.wait.isEnough;
  expect(isEnough?.(["a", "b"])).toBe(false);
  sets = [{ members: ["b"], acks: 1 }];
  expect(isEnough?.(["a"])).toBe(false);
  expect(isEnough?.(["b"])).toBe(true);
  // while who is in sync changes, both have to hold
  sets = [
    { members: ["b"], acks: 1 },
    { members: ["a"], acks: 1 },
  ];
  expect(isEnough?.(["b"])).toBe(false);
  expect(isEnough?.(["a", "b"])).toBe(true);
  scene.waits[0]?.resolve();
  expect(await waiting).toEqual(["a", "b"]);
  // what asks for fewer acks than a default write is promised no more
  sets = [{ members: ["a", "b"], acks: 2 }];
  expect(await scene.acks.wait(write, { ack: 1, ackTimeoutMs: 1 })).toEqual(["a", "b"]);
});

it("F7: nothing is confirmed by a node that can't be sure to lead, whatever was acked", async () => {
  let leads = true;
  const scene = openScene("async", {
    conditions: () => [{ members: ["a"], acks: 1 }],
    checkLeads: () => {
      if (!leads) throw new Error("it may be over");
    },
  });
  scene.acked = ["a"];
  expect(await scene.acks.wait(write, { ackTimeoutMs: 1 })).toEqual(["a"]);
  leads = false;
  const uncertain = { code: "write-uncertain", details: { position: "1:0-1-7" } };
  await expect(scene.acks.wait(write, { ackTimeoutMs: 1 })).rejects.toMatchObject(uncertain);
  await expect(scene.acks.wait(write, { ack: 1, ackTimeoutMs: 1 })).rejects.toMatchObject(uncertain);
});

it("what was committed earlier is confirmed once enough have it that count, and this node leads", () => {
  const conditions = [{ members: ["a"], acks: 1 }];
  let leads = true;
  const scene = openScene("majority", {
    conditions: () => conditions,
    checkLeads: () => {
      if (!leads) throw new Error("it does not lead");
    },
  });
  const isConfirmed = (ack?: "async" | "all"): boolean => scene.acks.isConfirmed(position, ack);
  expect([isConfirmed(), isConfirmed("async")]).toEqual([false, true]);
  // not in sync, so that an election may pass it by
  scene.acked = ["b"];
  expect(isConfirmed()).toBe(false);
  scene.acked = ["a"];
  expect([isConfirmed(), isConfirmed("all")]).toEqual([true, false]);
  leads = false;
  expect([isConfirmed(), isConfirmed("async")]).toEqual([false, false]);
});

it("what a strong read shows waits for the acks that an election counts, and for a lead that is sure", async () => {
  const conditions = [{ members: ["a"], acks: 1 }];
  const scene = openScene("majority", { conditions: () => conditions });
  scene.acked = ["b"];
  const until = (): Promise<void> =>
    scene.acks.untilAgreed(position, { ms: 100, signal: scene.ended.signal });
  const waiting = until();
  const wait = scene.waits[0]?.wait;
  expect([wait?.wanted(2), wait?.isEnough?.(["b"]), wait?.isEnough?.(["a"])]).toEqual([1, false, true]);
  scene.acked = ["a", "b"];
  scene.waits[0]?.resolve();
  await waiting;
  await until();
  expect(scene.waits).toHaveLength(1);
  const refused = openScene("majority", {
    conditions: () => conditions,
    checkLeads: () => {
      throw new UnderstudyError("no-leader", "not any more");
    },
  });
  refused.acked = ["a"];
  await expect(
    refused.acks.untilAgreed(position, { ms: 100, signal: scene.ended.signal }),
  ).rejects.toMatchObject({ code: "no-leader" });
});

it("a strong read whose acks do not come is too stale, also while nothing is agreed on", async () => {
  for (const sets of [null, [{ members: ["a"], acks: 1 }]]) {
    const scene = openScene("majority", { conditions: () => sets });
    const waiting = scene.acks
      .untilAgreed(position, { ms: 100, signal: scene.ended.signal })
      .catch((error: unknown) => error);
    await scene.clock.advance(100);
    expect(await waiting).toMatchObject({ code: "too-stale" });
  }
});

it("a strong read waits for nobody where nobody is elected", async () => {
  const scene = openScene("majority");
  await scene.acks.untilAgreed(position, { ms: 100, signal: scene.ended.signal });
  expect(scene.waits).toEqual([]);
});
