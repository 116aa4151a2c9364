import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ETCD_MEMBERS_DEFAULT } from "../src/etcd-members-default.ts";
import { LAYOUT_VERSION, writePlan } from "../src/sandbox-folder.ts";
import { settleEtcdMembers } from "../src/settle-etcd-members.ts";

let directory = "";
const told: string[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-etcd-members-"));
  told.length = 0;
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

async function settle(options: { etcd?: number; fresh?: boolean } = {}): Promise<number> {
  const { etcd = null, fresh = false } = options;
  return settleEtcdMembers({ etcd, fresh, directory }, ({ text }) => void told.push(text));
}

async function keepThree(): Promise<void> {
  const port = (index: number): { client: number; peer: number } => ({
    client: 20_010 + index,
    peer: 20_020 + index,
  });
  await writePlan(directory, {
    version: LAYOUT_VERSION,
    flavour: "mariadb",
    nodes: [{ nodeId: "node1", port: 8083, databasePort: 20_001 }],
    etcd: { clusterId: null, members: [port(1), port(2), port(3)] },
  });
}

describe("the number of etcd's members", () => {
  it("is what a person says, else what the folder holds, else the default", async () => {
    expect(await settle()).toBe(ETCD_MEMBERS_DEFAULT);
    await keepThree();
    expect(await settle()).toBe(3);
    expect(await settle({ fresh: true })).toBe(ETCD_MEMBERS_DEFAULT);
    expect(await settle({ etcd: 1 })).toBe(1);
    expect(await settle({ etcd: 0 })).toBe(0);
    expect(told).toEqual([]);
  });

  it("is 0 where etcd is missing and nobody asked for it, and that is said", async () => {
    vi.stubEnv("UNDERSTUDY_ETCD_PROGRAM", "/nowhere/etcd");
    await keepThree();
    expect(await settle()).toBe(0);
    expect(told).toEqual([expect.stringContaining("no slave will take over by itself")]);
    expect(await settle({ etcd: 3 })).toBe(3);
  });
});
