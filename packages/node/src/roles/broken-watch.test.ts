import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApplierState } from "@understudy/applier";
import { EventHistory } from "@understudy/health-monitor";
import { VirtualClock } from "@understudy/kernel";
import { expect, test } from "vitest";
import { BrokenWatch } from "./broken-watch.ts";
import { readKeptFailure } from "./kept-failure.ts";

const FAILURE = { gtid: "0-1-7", table: "d.t", error: "Duplicate entry", errno: 1062, isDivided: false };

async function openScene() {
  const dataDir = await mkdtemp(join(tmpdir(), "understudy-broken-"));
  const events = new EventHistory({ nodeId: "node2", clock: new VirtualClock() });
  const scene = { state: { kind: "idle" } as ApplierState };
  const applier = {
    get state(): ApplierState {
      return scene.state;
    },
    resume: async () => {
      scene.state = { kind: "idle" };
    },
  };
  const watch = new BrokenWatch({ nodeId: "node2", dataDir, events, applier });
  return Object.assign(scene, {
    dataDir,
    watch,
    kinds: () => events.list({ after: 0, limit: 10 }).events.map(({ kind }) => kind),
    [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }),
  });
}

test("what could not be applied is kept until a person says that its cause is gone", async () => {
  await using scene = await openScene();
  await scene.watch.note();
  expect(await readKeptFailure(scene.dataDir)).toBeNull();
  scene.state = { kind: "broken", ...FAILURE };
  await Promise.all([scene.watch.note(), scene.watch.note()]);
  expect(await readKeptFailure(scene.dataDir)).toEqual(FAILURE);
  expect(scene.kinds()).toEqual(["replication-broken"]);
  expect(scene.watch.advice).toContain("POST /cluster/nodes/node2/resume");
  await scene.watch.resume();
  expect(await readKeptFailure(scene.dataDir)).toBeNull();
  expect(scene.watch.advice).toBeNull();
});

test("a divided transaction can't be resumed, only replaced by a copy", async () => {
  await using scene = await openScene();
  scene.state = { kind: "broken", ...FAILURE, isDivided: true };
  await scene.watch.note();
  expect(scene.watch.advice).not.toContain("/resume");
  await expect(scene.watch.resume()).rejects.toMatchObject({
    code: "apply-failed",
    message: expect.stringContaining("POST /cluster/nodes/node2/rebuild"),
  });
  expect(scene.state.kind).toBe("broken");
  expect(await readKeptFailure(scene.dataDir)).toEqual({ ...FAILURE, isDivided: true });
});

test("a file that can't be understood is a failure that only a copy cures", async () => {
  await using scene = await openScene();
  await writeFile(join(scene.dataDir, "applier-broken.json"), '{"gtid": 7');
  expect(await readKeptFailure(scene.dataDir)).toMatchObject({ isDivided: true });
});
