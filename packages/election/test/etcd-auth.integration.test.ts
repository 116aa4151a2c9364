import { afterAll, beforeAll, expect, test } from "vitest";
import { openEtcdStore } from "../src/index.ts";
import { askEtcd, turnAuthOn } from "./etcd-calls.ts";
import { openTestEtcd, type EtcdCluster } from "@understudy/etcd-server";
import { openTestStore, put, SLOW_MS, startWatch, unbounded } from "./test-store.ts";

const prefix = "/understudy/guarded/";
const login = { user: "node", password: 'pass"wörd' };
const TOKEN_SECONDS = 2;

let etcd: EtcdCluster;
beforeAll(async () => {
  etcd = await openTestEtcd({ extraArguments: [`--auth-token-ttl=${TOKEN_SECONDS}`] });
  await using before = await openTestStore(etcd.urls, { prefix, login });
  await put(before, "before", "1");
  await turnAuthOn(etcd.members[0]?.url ?? "", { ...login, prefix });
  // a store that was opened while authentication was off finds out
  await put(before, "since", "1");
});
afterAll(async () => {
  await etcd[Symbol.asyncDispose]();
});

test("a user does all that the store has to offer", async () => {
  await using store = await openTestStore(etcd.urls, { prefix, login });
  await using watch = await startWatch(store);
  const leaseId = await store.grantLease(60_000, unbounded);
  await put(store, "a", "1", leaseId);
  expect(await store.keepAlive(leaseId, unbounded)).toBe(true);
  expect((await store.read(unbounded)).keys.get("a")?.leaseId).toBe(leaseId);
  await expect.poll(() => watch.keys(), { timeout: SLOW_MS }).toEqual(new Set(["a"]));
  await store.revokeLease(leaseId, unbounded);
  await expect.poll(() => watch.told.flat(), { timeout: SLOW_MS }).toEqual(["a", "a"]);
});

test("a token that is not known any more is replaced, for calls and watches", async () => {
  const [member] = etcd.members;
  await using store = await openTestStore(etcd.urls, { prefix, login, watchIdleMs: 500 });
  await using watch = await startWatch(store);
  // the process keeps tokens in memory only
  await member?.killHard();
  await member?.start();
  await put(store, "after-restart", "1");
  await expect.poll(() => watch.keys().has("after-restart"), { timeout: SLOW_MS }).toBe(true);
});

test("a token that has expired is replaced", async () => {
  const root = { name: "root", password: "root" };
  await using store = await openTestStore(etcd.urls, { prefix, login });
  await put(store, "fresh", "1");
  // another token of the same age, of which it can be seen that it has expired
  const { token } = (await askEtcd(etcd.members[0]?.url ?? "", "/v3/auth/authenticate", root)) as {
    token: string;
  };
  const useOfToken = (): Promise<string> =>
    askEtcd(etcd.members[0]?.url ?? "", "/v3/kv/range", { key: "AA==" }, token).then(() => "works", String);
  // each use gives it its whole time anew, so the uses lie farther apart than that
  await expect
    .poll(useOfToken, { interval: 1_000 * TOKEN_SECONDS + 1_500, timeout: 2 * SLOW_MS })
    .toContain("invalid auth token");
  await put(store, "later", "1");
});

test("a wrong password, an unknown user, none at all and a foreign prefix are told apart from an etcd that is away", async () => {
  const open = (options: object) => openTestStore(etcd.urls, { prefix, ...options });
  await expect(open({ login: { ...login, password: "wrong" } })).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringMatching(
      /^etcd at http.*authentication failed.*correct etcd's user name and password$/,
    ),
  });
  await expect(open({ login: { user: "nobody", password: "x" } })).rejects.toMatchObject({
    code: "forbidden",
  });
  await expect(open({})).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("user"),
  });
  await expect(open({ login, prefix: "/understudy/other/" })).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("permission denied"),
  });
});

test("a log-in where etcd's authentication is off is not needed", async () => {
  await using open = await openTestEtcd();
  await using store = await openEtcdStore({ endpoints: [open.urls], prefix, login, requestTimeoutMs: 8_000 });
  await put(store, "a", "1");
});
