import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clearSandbox, readPlan, writePlan, type SandboxPlan } from "./sandbox-folder.ts";
import { openSandboxLock } from "./sandbox-lock.ts";

const plan: SandboxPlan = {
  version: 1,
  flavour: "mariadb",
  nodes: [{ nodeId: "node1", port: 8083, databasePort: 20_001 }],
};
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-sandbox-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("a sandbox's folder", () => {
  it("is new when it is empty or missing, and keeps its plan", async () => {
    expect(await readPlan(directory)).toBeNull();
    expect(await readPlan(join(directory, "missing"))).toBeNull();
    await writePlan(directory, plan);
    expect(await readPlan(directory)).toEqual(plan);
    const withEtcd = { ...plan, etcd: { clusterId: null, members: [{ client: 20_002, peer: 20_003 }] } };
    await writePlan(directory, withEtcd);
    expect(await readPlan(directory)).toEqual(withEtcd);
  });

  it("is not taken where it holds something else, nor cleared", async () => {
    await writeFile(join(directory, "thesis.txt"), "my only copy");
    const refusal = expect.objectContaining({
      code: "config-invalid",
      message: `${directory} is not a sandbox's folder: it holds other files and no sandbox.json; name an empty or new one with --dir`,
    });
    await expect(readPlan(directory)).rejects.toThrow(refusal);
    await expect(clearSandbox(directory)).rejects.toThrow(refusal);
    expect(await readdir(directory)).toEqual(["thesis.txt"]);
  });

  it.each([
    ["", "damaged"],
    ["{}", "damaged"],
    [JSON.stringify({ ...plan, flavour: "postgres" }), "damaged"],
    [JSON.stringify({ ...plan, nodes: [{ nodeId: "../x", port: 1, databasePort: 2 }] }), "damaged"],
    [JSON.stringify({ ...plan, nodes: [] }), "damaged"],
    [JSON.stringify({ ...plan, etcd: { clusterId: "x", members: [] } }), "damaged"],
    [JSON.stringify({ ...plan, etcd: { clusterId: 1, members: [{ client: 1, peer: 2 }] } }), "damaged"],
    [JSON.stringify({ ...plan, etcd: { clusterId: null, members: [{ client: 1 }] } }), "damaged"],
    [JSON.stringify({ ...plan, version: 2 }), "another version"],
  ])("says so when its plan is %j", async (text, word) => {
    await writeFile(join(directory, "sandbox.json"), text);
    await expect(readPlan(directory)).rejects.toThrow(word);
  });

  it("is cleared of what a sandbox has put there, and of nothing else", async () => {
    await writePlan(directory, plan);
    await mkdir(join(directory, "node1", "database"), { recursive: true });
    await mkdir(join(directory, "etcd1", "data"), { recursive: true });
    await writeFile(join(directory, "notes.txt"), "mine");
    await clearSandbox(directory);
    expect(await readdir(directory)).toEqual(["notes.txt"]);
  });
});

describe("the lock of a sandbox's folder", () => {
  it("keeps a second sandbox out until the first is gone", async () => {
    const first = await openSandboxLock(directory);
    await expect(openSandboxLock(directory)).rejects.toThrow(
      `a sandbox is running in ${directory} already (process ${process.pid})`,
    );
    await first[Symbol.asyncDispose]();
    await using _ = await openSandboxLock(directory);
    expect(await readdir(directory)).toEqual(["sandbox.lock"]);
  });

  it.each([
    ["a process that is gone", "4194305 1 x\n"],
    ["another process that had our id", `${process.pid} 1 x\n`],
    ["nobody", "\n"],
  ])("is taken over from %s", async (_, content) => {
    await writeFile(join(directory, "sandbox.lock"), content);
    await using lock = await openSandboxLock(directory);
    await expect(openSandboxLock(directory)).rejects.toThrow("running");
    expect(lock).toBeDefined();
  });

  it("is won by exactly one of many that take over a dead one's", async () => {
    await writeFile(join(directory, "sandbox.lock"), "4194305 1 x\n");
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => openSandboxLock(directory)));
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    expect(await readdir(directory)).toEqual(["sandbox.lock"]);
  });
});
