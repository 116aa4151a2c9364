import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compactEtcd } from "./etcd-calls.ts";
import { openTestEtcd, type EtcdCluster } from "@understudy/etcd-server";
import { openTestStore, put, SLOW_MS, startWatch, unbounded } from "./test-store.ts";

let etcd: EtcdCluster;
beforeAll(async () => {
  etcd = await openTestEtcd();
});
afterAll(async () => {
  await etcd[Symbol.asyncDispose]();
});

let prefixes = 0;
async function openFresh() {
  return openTestStore(etcd.urls, { prefix: `/understudy/fresh-${prefixes++}/` });
}

test("what was put is read with its value, revision and lease", async () => {
  await using store = await openFresh();
  expect((await store.read(unbounded)).keys.size).toBe(0);
  const leaseId = await store.grantLease(60_000, unbounded);
  const first = await put(store, "leader", '{"id":"ä","n":"𝄞"}', leaseId);
  const second = await put(store, "members/a", "");
  const { revision, keys } = await store.read(unbounded);
  expect(Object.fromEntries(keys)).toEqual({
    leader: { value: '{"id":"ä","n":"𝄞"}', modRevision: first, leaseId },
    "members/a": { value: "", modRevision: second, leaseId: null },
  });
  expect(second).toBe(first + 1n);
  expect(revision).toBe(second);
});

test("keys of other prefixes are neither read nor told", async () => {
  await using a = await openTestStore(etcd.urls, { prefix: "/understudy/near/" });
  await using b = await openTestStore(etcd.urls, { prefix: "/understudy/near-by/" });
  await using watch = await startWatch(a);
  await put(b, "x", "b");
  await put(a, "y", "a");
  await expect.poll(() => watch.keys(), { timeout: SLOW_MS }).toEqual(new Set(["y"]));
  expect([...(await a.read(unbounded)).keys.keys()]).toEqual(["y"]);
});

test("a change whose conditions do not hold changes nothing", async () => {
  await using store = await openFresh();
  const revision = await put(store, "a", "1");
  const change = (modRevision: bigint) =>
    store.change(
      {
        conditions: [
          { key: "a", modRevision },
          { key: "absent", modRevision: 0n },
        ],
        writes: [
          { kind: "put", key: "b", value: "2" },
          { kind: "delete", key: "a" },
        ],
      },
      unbounded,
    );
  expect(await change(revision - 1n)).toEqual({ made: false, revision });
  expect(await change(0n)).toEqual({ made: false, revision });
  expect([...(await store.read(unbounded)).keys.keys()]).toEqual(["a"]);
  expect(await change(revision)).toEqual({ made: true, revision: revision + 1n });
  expect([...(await store.read(unbounded)).keys.keys()]).toEqual(["b"]);
});

test("of clients that race for a key, exactly one wins", async () => {
  await using one = await openFresh();
  await using two = await openTestStore(etcd.urls, { prefix: `/understudy/fresh-${prefixes - 1}/` });
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 2, maxLength: 6 }), async (isFirst) => {
      const key = `race/${round++}`;
      const claims = isFirst.map((first, index) =>
        (first ? one : two).change(
          { conditions: [{ key, modRevision: 0n }], writes: [{ kind: "put", key, value: String(index) }] },
          unbounded,
        ),
      );
      const winners = (await Promise.all(claims)).flatMap(({ made }, index) => (made ? [String(index)] : []));
      expect(winners).toEqual([(await two.read(unbounded)).keys.get(key)?.value]);
    }),
    { numRuns: 60 },
  );
});

test("keys go with their lease when it is not kept alive, and it never comes back", async () => {
  await using store = await openFresh();
  await using watch = await startWatch(store);
  const short = await store.grantLease(1_500, unbounded);
  const long = await store.grantLease(600_000, unbounded);
  await put(store, "gone", "1", short);
  await put(store, "kept", "1", long);
  expect(await store.keepAlive(short, unbounded)).toBe(true);
  await expect
    .poll(async () => [...(await store.read(unbounded)).keys.keys()], { timeout: SLOW_MS })
    .toEqual(["kept"]);
  await expect.poll(() => watch.told.flat(), { timeout: SLOW_MS }).toEqual(["gone", "kept", "gone"]);
  expect(await store.keepAlive(short, unbounded)).toBe(false);
  expect(await store.keepAlive(long, unbounded)).toBe(true);
  const { revision } = await store.read(unbounded);
  const late = { kind: "put", key: "late", value: "1", leaseId: short } as const;
  expect(await store.change({ conditions: [], writes: [late] }, unbounded)).toEqual({
    made: false,
    revision,
  });
  expect([...(await store.read(unbounded)).keys.keys()]).toEqual(["kept"]);
});

test("a lease that is revoked takes its keys with it, and may be revoked again", async () => {
  await using store = await openFresh();
  const leaseId = await store.grantLease(600_000, unbounded);
  await put(store, "a", "1", leaseId);
  await store.revokeLease(leaseId, unbounded);
  expect((await store.read(unbounded)).keys.size).toBe(0);
  await store.revokeLease(leaseId, unbounded);
  expect(await store.keepAlive(leaseId, unbounded)).toBe(false);
});

test("a watch tells each change, one transaction at once", async () => {
  await using store = await openFresh();
  await using watch = await startWatch(store);
  const writes = ["a", "b"].map((key) => ({ kind: "put", key, value: "1" }) as const);
  await store.change({ conditions: [], writes }, unbounded);
  await store.change({ conditions: [], writes: [{ kind: "delete", key: "a" }] }, unbounded);
  await expect.poll(() => watch.told.slice(1), { timeout: SLOW_MS }).toEqual([["a", "b"], ["a"]]);
});

test("a watch that hears nothing begins anew and misses nothing, also of what is compacted meanwhile", async () => {
  await using store = await openTestStore(etcd.urls, { prefix: "/understudy/idle/", watchIdleMs: 50 });
  await using other = await openTestStore(etcd.urls, { prefix: "/understudy/noise/" });
  await using watch = await startWatch(store);
  for (let round = 0; round < 20; round++) {
    const toldBefore = watch.told.length;
    await put(other, "noise", String(round));
    await compactEtcd(etcd.members[0]?.url ?? "", await put(other, "noise", "again"));
    // the revision that it goes on from is compacted: only a new connection tells so, and with no keys
    await expect.poll(() => watch.told.length, { timeout: SLOW_MS }).toBeGreaterThan(toldBefore);
    expect(watch.told.slice(toldBefore).flat()).toEqual([]);
    await put(store, `key-${round}`, "1");
    await expect.poll(() => watch.keys().has(`key-${round}`), { timeout: SLOW_MS }).toBe(true);
  }
});

test("an error that onChange throws ends the watch with it", async () => {
  await using store = await openFresh();
  const broken = new Error("broken");
  const watch = store.watch(() => {
    throw broken;
  }, unbounded);
  await expect(watch).rejects.toBe(broken);
});

test("calls and watches end with their signal", async () => {
  await using store = await openFresh();
  const abort = new AbortController();
  const watch = store.watch(() => abort.abort(new Error("enough")), { signal: abort.signal });
  await watch;
  await expect(store.read({ signal: abort.signal })).rejects.toBe(abort.signal.reason);
});

test("what etcd refuses is the caller's fault, and other calls go on", async () => {
  await using store = await openFresh();
  const write = { kind: "put", key: "a", value: "1" } as const;
  const twice = store.change({ conditions: [], writes: [write, write] }, unbounded);
  await expect(twice).rejects.toMatchObject({ code: "invalid-request", details: { isUndone: true } });
  await expect(store.grantLease(0, unbounded)).rejects.toMatchObject({ code: "invalid-request" });
  await put(store, "a", "1");
});

test("disposal ends watches and calls, closes the connections, and may be done twice", async () => {
  const store = await openFresh();
  await using other = await openFresh();
  const { promise: stands, resolve } = Promise.withResolvers<void>();
  const watch = store.watch(() => resolve(), unbounded);
  await stands;
  const call = expect(store.read(unbounded)).rejects.toMatchObject({ code: "coordination-unavailable" });
  await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
  await watch;
  await call;
  await expect(store.read(unbounded)).rejects.toMatchObject({ code: "coordination-unavailable" });
  await store.watch(() => expect.unreachable(), unbounded);
  await store[Symbol.asyncDispose]();
  await other.read(unbounded);
});
