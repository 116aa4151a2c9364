import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isProcessAlive, TEST_TEMPLATES, testFlavours } from "@understudy/database-server";
import type { Flavour } from "@understudy/protocol";
import { openSandbox, waitUntilReplicating, type Sandbox, type SandboxOptions } from "../src/index.ts";

let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-sandbox-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function open(flavour: Flavour, options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  return openSandbox({
    directory,
    flavour,
    slaves: 1,
    port: 0,
    durability: "relaxed",
    templates: TEST_TEMPLATES,
    supervise: false,
    ...options,
  });
}

function pidsOf(sandbox: Sandbox): number[] {
  return sandbox.nodes.flatMap(({ process, database }) => [process.pid ?? 0, database.pid ?? 0]);
}

for (const flavour of testFlavours()) {
  describe(`a sandbox on ${flavour}`, () => {
    it("replicates, leaves no process behind, and goes on with its data and ports", async () => {
      const first = await open(flavour);
      const pids = pidsOf(first);
      const urls = first.nodes.map(({ url, database }) => [url, database.url]);
      await waitUntilReplicating(first);
      await using connection = await createConnection(first.master.database.url);
      await connection.query("CREATE DATABASE kept");
      connection.destroy();
      await first[Symbol.asyncDispose]();
      expect(await Promise.all(pids.map(isProcessAlive))).toEqual([false, false, false, false]);
      expect((await readdir(directory)).toSorted()).toEqual(["node1", "node2", "sandbox.json"]);
      expect(await readFile(join(directory, "node2", "node.log"), "utf8")).not.toBe("");

      await using again = await open(flavour);
      expect(again.nodes.map(({ url, database }) => [url, database.url])).toEqual(urls);
      await waitUntilReplicating(again);
      await using slave = await createConnection(again.slaves[0]?.database.url ?? "");
      expect((await slave.query("SHOW DATABASES LIKE 'kept'"))[0]).toHaveLength(1);
    });
  });
}

describe("a sandbox", () => {
  it("refuses another flavour on a folder with data, and throws the data away only when told to", async () => {
    await (await open("mariadb", { slaves: 0 }))[Symbol.asyncDispose]();
    const marker = join(directory, "node1", "database", "data", "marker");
    await writeFile(marker, "");
    await expect(open("mysql", { slaves: 0 })).rejects.toThrow(
      `${directory} holds mariadb data, so it can't be started with --flavour mysql`,
    );
    await access(marker);
    await using sandbox = await open("mariadb", { slaves: 0, fresh: true });
    await expect(access(marker)).rejects.toThrow("ENOENT");
    expect(sandbox.slaves).toEqual([]);
  });

  it("leaves nothing running where its start fails half-way", async () => {
    const started: string[] = [];
    const onProgress = ({ text }: { text: string }): void => void started.push(text);
    const refused = open("mariadb", { nodeEnvironment: { UNDERSTUDY_NO_SUCH_NAME: "1" }, onProgress });
    await expect(refused).rejects.toThrow(/node1 ended while it started: .*UNDERSTUDY_NO_SUCH_NAME/);
    expect(started.filter((text) => /^node\d: MariaDB/.test(text))).toHaveLength(2);
    expect(started).toContain("database servers stopped");
    await using _ = await open("mariadb", { slaves: 0 });
  });

  it("names the port in use before it starts anything", async () => {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(open("mariadb", { port })).rejects.toThrow(`port ${port}, meant for node1, is in use`);
    server.close();
    expect(await readdir(directory)).toEqual([]);
  });

  it("starts again what was killed, where it supervises", async () => {
    const again = Promise.withResolvers<void>();
    const told: string[] = [];
    await using sandbox = await open("mariadb", {
      supervise: true,
      onProgress: ({ text }) => {
        told.push(text);
        if (told.filter((line) => line.endsWith("runs again")).length === 2) again.resolve();
      },
    });
    await waitUntilReplicating(sandbox);
    const before = pidsOf(sandbox);
    process.kill(sandbox.slaves[0]?.process.pid ?? 0, "SIGKILL");
    process.kill(sandbox.master.database.pid ?? 0, "SIGKILL");
    await again.promise;
    await waitUntilReplicating(sandbox);
    expect(pidsOf(sandbox).filter((pid) => before.includes(pid))).toHaveLength(2);
    // a database server comes up read-only: the master has to open it again
    const created = await fetch(`${sandbox.master.url}/createdb`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "after" }),
    });
    expect(await created.json()).toMatchObject({ database: "after" });
  });
});
