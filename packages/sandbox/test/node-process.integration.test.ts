import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isProcessAlive, reservePort } from "@understudy/database-server";
import { openNodeProcess, type NodeProcess } from "../src/index.ts";

const mainFile = fileURLToPath(new URL("./stand-in-node.ts", import.meta.url));
let directory = "";
let reservations = new AsyncDisposableStack();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-node-process-"));
});

afterEach(async () => {
  await reservations.disposeAsync();
  reservations = new AsyncDisposableStack();
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

async function open(environment: Record<string, string> = {}, startTimeoutMs = 20_000): Promise<NodeProcess> {
  return openNodeProcess({
    app: "slave",
    nodeId: "node7",
    port: reservations.use(await reservePort()).port,
    directory: join(directory, "node"),
    logFile: join(directory, "node.log"),
    environment,
    mainFile,
    startTimeoutMs,
  });
}

describe("a node's process", () => {
  it("gets its own settings and none of the parent's", async () => {
    vi.stubEnv("UNDERSTUDY_MYSQLD", "/nowhere");
    vi.stubEnv("UNDERSTUDY_TEST_FLAVOURS", "mysql");
    await using node = await open({ UNDERSTUDY_LOG_LEVEL: "debug" });
    const answer = await fetch(`${node.url}/environment`);
    expect(Object.keys((await answer.json()) as object).toSorted()).toEqual([
      "UNDERSTUDY_HOST",
      "UNDERSTUDY_LOG_LEVEL",
      "UNDERSTUDY_NODE_ID",
      "UNDERSTUDY_PORT",
    ]);
  });

  it("ends in order when it is stopped, at once when it is killed, and starts again at the same place", async () => {
    await using node = await open();
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    expect(node.pid).toBeNull();
    await node.start();
    const { exited } = node;
    await node.killHard();
    expect(await exited).toEqual({ code: null, signal: "SIGKILL" });
    await node.start();
    expect((await fetch(`${node.url}/health/live`)).status).toBe(200);
  });

  it("can be held still without losing its connections, and stopped while it is", async () => {
    await using node = await open();
    await node.freeze();
    await expect(fetch(`${node.url}/health/live`, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    node.thaw();
    expect((await fetch(`${node.url}/health/live`)).status).toBe(200);
    await node.freeze();
    expect(await node.stop()).toEqual({ code: 0, signal: null });
  });

  it("tells the last words of one that refuses to start, the plain ones rather than the log's", async () => {
    await expect(open({ UNDERSTUDY_STAND_IN: "refuse" })).rejects.toThrow(
      "node7 ended while it started: config-invalid: the stand-in was told to refuse",
    );
  });

  it("kills one that does not come to life in time", async () => {
    await expect(open({ UNDERSTUDY_STAND_IN: "silent" }, 1_000)).rejects.toThrow(
      /node7 did not come to life within 1000 ms/,
    );
    const pid = Number(await readFile(join(directory, "node", "node.pid"), "utf8"));
    expect(await isProcessAlive(pid)).toBe(false);
  });

  it("ends the process that a killed parent left behind before it starts its own", async () => {
    await using lost = await open();
    const lostPid = lost.pid ?? 0;
    await using node = await open();
    expect(await isProcessAlive(lostPid)).toBe(false);
    expect(node.pid).not.toBe(lostPid);
  });
});
