import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isProcessAlive, reservePort } from "@understudy/database-server";
import { findEtcdProgram, openEtcdCluster, openTestEtcd, type EtcdMember } from "../src/index.ts";

let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-etcd-test-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Asks a member through its JSON gateway. */
async function call(
  member: EtcdMember | undefined,
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${member?.url}/v3/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (response.status !== 200) throw new Error(JSON.stringify(answer));
  return answer;
}

async function put(member: EtcdMember | undefined, key: string, value: string): Promise<void> {
  await call(member, "kv/put", { key: base64(key), value: base64(value) });
}

async function get(member: EtcdMember | undefined, key: string): Promise<string | null> {
  const { kvs } = await call(member, "kv/range", { key: base64(key) });
  const [first] = (kvs ?? []) as { value: string }[];
  return first ? Buffer.from(first.value, "base64").toString() : null;
}

describe("a private etcd", () => {
  it("serves, keeps its data over a kill, a stop and a new parent, and leaves nothing running", async () => {
    vi.stubEnv("ETCD_NAME", "somebody-else");
    await using stack = new AsyncDisposableStack();
    const ports = [
      { client: stack.use(await reservePort()).port, peer: stack.use(await reservePort()).port },
    ];
    const first = await openEtcdCluster({ directory, ports });
    const [member] = first.members;
    expect(first.urls).toBe(`http://127.0.0.1:${ports[0]?.client}`);
    await put(member, "a", "1");
    const { exited } = member ?? {};
    await member?.killHard();
    expect(await exited).toEqual({ code: null, signal: "SIGKILL" });
    await member?.start();
    expect(await get(member, "a")).toBe("1");
    await member?.stop();
    expect(member?.pid).toBeNull();
    await member?.start();
    const pid = member?.pid ?? 0;
    // as if this process had been killed: a later one ends what it finds
    await using again = await openEtcdCluster({ directory, ports });
    expect(await isProcessAlive(pid)).toBe(false);
    expect(await get(again.members[0], "a")).toBe("1");
    const pidAgain = again.members[0]?.pid ?? 0;
    await again[Symbol.asyncDispose]();
    expect(await isProcessAlive(pidAgain)).toBe(false);
  });

  it("holds still without losing its connections", async () => {
    await using etcd = await openTestEtcd();
    const [member] = etcd.members;
    await put(member, "a", "1");
    await member?.freeze();
    const waiting = get(member, "a");
    await expect(fetch(`${member?.url}/version`, { signal: AbortSignal.timeout(200) })).rejects.toThrow(
      "timeout",
    );
    member?.thaw();
    expect(await waiting).toBe("1");
  });

  it("agrees with three members as long as two are there", async () => {
    await using etcd = await openTestEtcd({ members: 3 });
    const [one, two, three] = etcd.members;
    await put(one, "a", "1");
    expect(await Promise.all(etcd.members.map((member) => get(member, "a")))).toEqual(["1", "1", "1"]);
    await one?.killHard();
    await vi.waitFor(() => put(two, "a", "2"), { timeout: 30_000 });
    await three?.freeze();
    // etcd gives up by itself after 7 s
    await expect(put(two, "b", "3")).rejects.toThrow(/timed out|no leader/);
    three?.thaw();
    await vi.waitFor(() => put(three, "a", "4"), { timeout: 30_000 });
    await one?.start();
    expect(await get(one, "a")).toBe("4");
  });

  it("comes back when all of its members were gone", async () => {
    await using etcd = await openTestEtcd({ members: 3 });
    await put(etcd.members[0], "a", "1");
    await Promise.all(etcd.members.map((member) => member.killHard()));
    await Promise.all(etcd.members.map((member) => member.start()));
    expect(await get(etcd.members[2], "a")).toBe("1");
  });

  it("says why it does not start, and leaves nothing running", async () => {
    await using taken = await reservePort();
    const server = createServer().listen(taken.port, "127.0.0.1");
    await using peer = await reservePort();
    const ports = [{ client: taken.port, peer: peer.port }];
    await expect(openEtcdCluster({ directory, ports })).rejects.toThrow(
      /etcd1 ended while it started: .*address already in use/,
    );
    server.close();
    const pid = Number(await readFile(join(directory, "etcd1", "etcd.pid"), "utf8"));
    expect(await isProcessAlive(pid)).toBe(false);
  });

  it("is the program that UNDERSTUDY_ETCD_PROGRAM names, and none where that is no etcd", async () => {
    const found = await findEtcdProgram();
    expect(found?.version).toMatch(/^3\.\d+\.\d+$/);
    expect(await findEtcdProgram({ UNDERSTUDY_ETCD_PROGRAM: found?.path })).toEqual(found);
    expect(
      await findEtcdProgram({ UNDERSTUDY_ETCD_PROGRAM: process.execPath, PATH: process.env["PATH"] }),
    ).toBeNull();
    vi.stubEnv("UNDERSTUDY_ETCD_PROGRAM", "/nowhere/etcd");
    await expect(openEtcdCluster({ directory })).rejects.toThrow("no etcd program was found");
  });
});
