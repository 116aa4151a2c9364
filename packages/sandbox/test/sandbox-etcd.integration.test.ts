import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createConnection } from "mysql2/promise";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isProcessAlive, TEST_TEMPLATES } from "@understudy/database-server";
import { seededRandom } from "@understudy/kernel";
import { openSandbox, type Sandbox, type SandboxNode, type SandboxOptions } from "../src/index.ts";

const nodeMainFile = fileURLToPath(new URL("./stand-in-node.ts", import.meta.url));
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-sandbox-etcd-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function open(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return openSandbox({
    directory,
    flavour: "mariadb",
    slaves: 0,
    port: 0,
    etcd: 1,
    durability: "relaxed",
    templates: TEST_TEMPLATES,
    supervise: false,
    nodeMainFile,
    ...options,
  });
}

async function environmentOf(node: SandboxNode | undefined): Promise<Record<string, string>> {
  return (await (await fetch(`${node?.url}/environment`)).json()) as Record<string, string>;
}

/** What `node` hears when it calls a URL; its own program does so, since proxies tell by that who calls. */
async function callFrom(node: SandboxNode | undefined, url: string): Promise<string> {
  return (await fetch(`${node?.url}/call?url=${encodeURIComponent(url)}`)).text();
}

async function ask(url: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
  return (await response.json()) as Record<string, unknown>;
}

const KEY = Buffer.from("a").toString("base64");

describe("a sandbox with etcd", () => {
  it("tells the nodes where etcd is and no master, and goes on with etcd's data, ports and the cluster's id", async () => {
    const first = await open({ slaves: 1 });
    const [member] = first.etcd;
    const url = member?.url ?? "";
    const environments = await Promise.all(first.nodes.map(environmentOf));
    for (const environment of environments) {
      expect(environment).toMatchObject({
        UNDERSTUDY_ETCD: url,
        UNDERSTUDY_CLUSTER_ID: expect.stringMatching(/^sandbox-/),
      });
      expect(Object.keys(environment)).not.toContain("UNDERSTUDY_MASTER_URL");
    }
    const id = environments[0]?.["UNDERSTUDY_CLUSTER_ID"];
    expect(environments[1]?.["UNDERSTUDY_CLUSTER_ID"]).toBe(id);
    expect(first.nodes.map(({ role }) => role)).toEqual(["master", "slave"]);
    await ask(url, "kv/put", { key: KEY, value: KEY });
    const pid = member?.pid ?? 0;
    await first[Symbol.asyncDispose]();
    expect(await isProcessAlive(pid)).toBe(false);
    expect((await readdir(directory)).toSorted()).toEqual(["etcd1", "node1", "node2", "sandbox.json"]);

    // without etcd in between: what it knows stays
    await (await open({ etcd: 0 }))[Symbol.asyncDispose]();
    await using again = await open();
    expect(again.etcd.map((it) => it.url)).toEqual([url]);
    expect(await ask(url, "kv/range", { key: KEY })).toMatchObject({ count: "1" });
    expect(await environmentOf(again.master)).toMatchObject({ UNDERSTUDY_CLUSTER_ID: id });
  });

  it("takes the cluster's id from the data of a folder that had no etcd", async () => {
    const before = await open({ etcd: 0 });
    expect(before.etcd).toEqual([]);
    {
      await using connection = await createConnection(before.master.database.url);
      await connection.query("CREATE DATABASE understudy");
      await connection.query("CREATE TABLE understudy.cluster (id INT PRIMARY KEY, cluster_id VARCHAR(64))");
      await connection.query("INSERT INTO understudy.cluster VALUES (1, 'as-it-was')");
    }
    await before[Symbol.asyncDispose]();
    await using sandbox = await open();
    expect(await environmentOf(sandbox.master)).toMatchObject({ UNDERSTUDY_CLUSTER_ID: "as-it-was" });
  });

  it("refuses another number of members than the folder's, and begins anew when told to", async () => {
    await (await open())[Symbol.asyncDispose]();
    await writeFile(join(directory, "etcd1", "marker"), "");
    await expect(open({ etcd: 3 })).rejects.toThrow("the folder's etcd has 1 members");
    await using sandbox = await open({ etcd: 3, fresh: true });
    expect(sandbox.etcd.map(({ name }) => name)).toEqual(["etcd1", "etcd2", "etcd3"]);
    expect((await environmentOf(sandbox.master))["UNDERSTUDY_ETCD"]).toBe(
      sandbox.etcd.map(({ url }) => url).join(","),
    );
    await expect(readFile(join(directory, "etcd1", "marker"))).rejects.toThrow("ENOENT");
  });

  it("starts again a member that was killed, where it supervises", async () => {
    const again = Promise.withResolvers<void>();
    await using sandbox = await open({
      supervise: true,
      onProgress: ({ text }) => {
        if (text === "etcd1 runs again") again.resolve();
      },
    });
    const [member] = sandbox.etcd;
    const pid = member?.pid ?? 0;
    process.kill(pid, "SIGKILL");
    await again.promise;
    expect(member?.pid).not.toBe(pid);
    expect(await ask(member?.url ?? "", "kv/range", { key: KEY })).toHaveProperty("header");
  });
});

describe("proxies of a sandbox with etcd", () => {
  it("join every node with every member and every two nodes, each by a way of its own", async () => {
    await using sandbox = await open({ slaves: 2, proxies: { random: seededRandom(1) } });
    const ids = ["node1", "node2", "node3"];
    const names = ids.flatMap((id, index) => [
      `client>${id}`,
      `others>${id}`,
      `${id}>database${index + 1}`,
      `${id}>etcd1`,
      ...ids.filter((other) => other !== id).map((other) => `${other}>${id}`),
    ]);
    expect([...sandbox.proxies.keys()].toSorted()).toEqual(names.toSorted());
    const [one, two, three] = sandbox.nodes;
    const proxy = (name: string) => {
      const found = sandbox.proxies.get(name);
      if (!found) throw new Error(`no proxy ${name}`);
      return found;
    };

    const { UNDERSTUDY_ETCD = "", UNDERSTUDY_ADVERTISED_URL: advertised = "" } = await environmentOf(two);
    await ask(UNDERSTUDY_ETCD, "kv/range", { key: KEY });
    expect(proxy("node2>etcd1").counts.accepted).toBe(1);
    expect(await callFrom(one, `${advertised}/who`)).toBe("node2");
    expect(await callFrom(three, `${advertised}/who`)).toBe("node2");
    expect(await (await fetch(`${advertised}/who`, { headers: { connection: "close" } })).text()).toBe(
      "node2",
    );
    expect(["node1>node2", "node3>node2", "others>node2"].map((name) => proxy(name).counts.accepted)).toEqual(
      [1, 1, 1],
    );

    proxy("node1>node2").refuse();
    expect(await callFrom(one, `${advertised}/who`)).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(await callFrom(three, `${advertised}/who`)).toBe("node2");
    await proxy("node1>node2").accept();
    expect(await callFrom(one, `${advertised}/who`)).toBe("node2");

    await two?.process.killHard();
    expect(await callFrom(one, `${advertised}/who`)).toBe("ECONNREFUSED");
    await two?.process.start();
    expect(await callFrom(one, `${advertised}/who`)).toBe("node2");
  });
});
