import { BackgroundLoop } from "@understudy/kernel";
import { expect, test } from "vitest";
import type { EtcdStore } from "../src/index.ts";
import { openTestEtcd } from "@understudy/etcd-server";
import { openTestStore, put, SLOW_MS, startWatch, unbounded } from "./test-store.ts";

const unavailable = { code: "coordination-unavailable" };

/** True where the change was made; false where it may have been. */
async function tryPut(store: EtcdStore, key: string): Promise<boolean> {
  try {
    await put(store, key, "1");
    return true;
  } catch (error) {
    expect(error).toMatchObject(unavailable);
    return false;
  }
}

/** Puts fresh keys until `count` of them went through one after another. */
async function putUntilSteady(store: EtcdStore, prefix: string, count: number): Promise<string[]> {
  const made: string[] = [];
  let inRow = 0;
  for (let attempt = 0; inRow < count; attempt++) {
    const key = `${prefix}-${attempt}`;
    const isMade = await tryPut(store, key);
    if (isMade) made.push(key);
    inRow = isMade ? inRow + 1 : 0;
  }
  return made;
}

async function isHealthy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
  return answer?.status === 200;
}

test("a frozen only member: calls are unavailable within their deadline, and work again once it goes on", async () => {
  await using etcd = await openTestEtcd();
  const [member] = etcd.members;
  await using store = await openTestStore(etcd.urls, { requestTimeoutMs: 2_000 });
  await using watch = await startWatch(store);
  const leaseId = await store.grantLease(600_000, unbounded);
  await member?.freeze();
  const change = { conditions: [], writes: [{ kind: "put", key: "lost", value: "1" } as const] };
  const calls = [
    store.read(unbounded),
    store.change(change, unbounded),
    store.keepAlive(leaseId, unbounded),
    store.grantLease(600_000, unbounded),
  ];
  for (const call of await Promise.allSettled(calls)) {
    expect(call).toMatchObject({ status: "rejected", reason: unavailable });
  }
  member?.thaw();
  await expect.poll(() => tryPut(store, "after"), { timeout: SLOW_MS }).toBe(true);
  expect(await store.keepAlive(leaseId, unbounded)).toBe(true);
  await expect.poll(() => watch.keys().has("after"), { timeout: SLOW_MS }).toBe(true);
});

test("a killed only member: calls say who refuses, and work again once it is back", async () => {
  await using etcd = await openTestEtcd();
  const [member] = etcd.members;
  await using store = await openTestStore(etcd.urls);
  await using watch = await startWatch(store);
  await put(store, "before", "1");
  await member?.killHard();
  // the first call may still meet the old connection
  await expect
    .poll(() => store.read(unbounded).catch(String), { timeout: SLOW_MS })
    .toContain("refuses connections");
  const call = store.change({ conditions: [], writes: [] }, unbounded);
  await expect(call).rejects.toMatchObject({ ...unavailable, details: { isUndone: true } });
  await member?.start();
  await put(store, "after", "1");
  expect((await store.read(unbounded)).keys.size).toBe(2);
  await expect.poll(() => watch.keys(), { timeout: SLOW_MS }).toEqual(new Set(["before", "after"]));
});

test("three members, each killed or frozen in turn: calls go on and the watch misses nothing", async () => {
  await using etcd = await openTestEtcd({ members: 3 });
  await using store = await openTestStore(etcd.urls, { requestTimeoutMs: 3_000, watchIdleMs: 3_000 });
  await using watch = await startWatch(store);
  const leaseId = await store.grantLease(600_000, unbounded);
  const made: string[] = [];
  const goesOn = async (name: string): Promise<void> => {
    made.push(...(await putUntilSteady(store, name, 10)));
    expect(await store.keepAlive(leaseId, unbounded)).toBe(true);
    // while the member is away: one of them is the one that the watch hangs on
    await expect.poll(() => made.filter((key) => !watch.keys().has(key)), { timeout: SLOW_MS }).toEqual([]);
  };
  for (const [index, member] of etcd.members.entries()) {
    await member.freeze();
    await goesOn(`frozen-${index}`);
    member.thaw();
    await expect.poll(() => isHealthy(member.url), { timeout: SLOW_MS }).toBe(true);
  }
  for (const [index, member] of etcd.members.entries()) {
    await member.killHard();
    await goesOn(`killed-${index}`);
    await member.start();
  }
  const { keys } = await store.read(unbounded);
  expect(made.filter((key) => !keys.has(key))).toEqual([]);
  await expect
    .poll(() => [...keys.keys()].filter((key) => !watch.keys().has(key)), { timeout: SLOW_MS })
    .toEqual([]);
}, 180_000);

test("a member that is cut off from the others says so, and ends its watches", async () => {
  await using etcd = await openTestEtcd({ members: 3 });
  const [alone, ...others] = etcd.members;
  await using store = await openTestStore(alone?.url ?? "", { watchIdleMs: 600_000 });
  const warnings: string[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (_fields: object, message: string) => void warnings.push(message),
  };
  await using watching = await openTestStore(alone?.url ?? "", { watchIdleMs: 600_000, logger });
  await using watch = await startWatch(watching);
  for (const other of others) await other.killHard();
  await expect
    .poll(() => store.change({ conditions: [], writes: [] }, unbounded).catch(String), { timeout: 60_000 })
    .toContain("no leader");
  await expect.poll(() => warnings.join("\n"), { timeout: SLOW_MS }).toContain("the watch begins anew");
  await Promise.all(others.map((other) => other.start()));
  await expect.poll(() => tryPut(store, "after"), { timeout: SLOW_MS }).toBe(true);
  await expect.poll(() => watch.keys().has("after"), { timeout: SLOW_MS }).toBe(true);
}, 120_000);

test("a watch survives that its member is killed again and again under load, and misses nothing", async () => {
  await using etcd = await openTestEtcd();
  const [member] = etcd.members;
  await using writer = await openTestStore(etcd.urls);
  await using store = await openTestStore(etcd.urls);
  await using watch = await startWatch(store);
  const made: string[] = [];
  let number = 0;
  await using _load = new BackgroundLoop(
    async (signal) => {
      while (!signal.aborted) {
        const key = `k${number++}`;
        if (await tryPut(writer, key)) made.push(key);
      }
    },
    (error) => expect.fail(String(error)),
  );
  for (let round = 0; round < 3; round++) {
    const before = made.length;
    await expect.poll(() => made.length, { timeout: SLOW_MS }).toBeGreaterThan(before + 20);
    await member?.killHard();
    await member?.start();
  }
  const before = made.length;
  await expect.poll(() => made.length, { timeout: SLOW_MS }).toBeGreaterThan(before);
  const wanted = [...made];
  await expect.poll(() => wanted.filter((key) => !watch.keys().has(key)), { timeout: SLOW_MS }).toEqual([]);
});
