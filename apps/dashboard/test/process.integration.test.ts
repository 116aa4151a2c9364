import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memberOf, openRecordedNode, recordedView } from "./recorded-cluster.ts";

const app = dirname(import.meta.dirname);
let directory: string;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], options: { cwd: string }): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  const child = spawn(process.execPath, [file, ...args], {
    ...options,
    // Colours are asked for, so that their absence in a pipe means something.
    env: { ...process.env, FORCE_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 90_000,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.on("error", reject);
  child.on("close", (code) => resolve({ code, stdout, stderr }));
  return promise;
}

/** Runs the bundle from a directory that has no packages around it. */
const dashboard = (...args: string[]): Promise<Ended> =>
  run(join(directory, "main.mjs"), args, { cwd: directory });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-dashboard-"));
  const bundler = fileURLToPath(import.meta.resolve("tsdown/run"));
  const built = await run(bundler, ["--out-dir", directory, "--log-level", "warn"], { cwd: app });
  expect(built).toEqual({ code: 0, stdout: "", stderr: "" });
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test("--once prints an overview of a healthy cluster and ends with 0", async () => {
  await using node = await openRecordedNode();
  const { code, stdout, stderr } = await dashboard("--once", "--node", node.url);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^Understudy {2}● healthy {2}cluster demo/);
  expect(stdout).toContain("★ node-a");
  expect(stdout).toContain("node-c joined: joined as slave");
  expect(stdout).not.toContain("\u001B");
});

test("--once ends with 1 for a degraded cluster and names what is wrong", async () => {
  const down = memberOf("node-b", { state: "down", reason: "3 probes failed in a row" });
  await using node = await openRecordedNode(recordedView({ members: [memberOf("node-a"), down] }));
  const { code, stdout } = await dashboard("--once", "--node", node.url);
  expect(code).toBe(1);
  expect(stdout).toContain("! node-b is down: 3 probes failed in a row");
});

test("--json prints the view as the node gave it", async () => {
  await using node = await openRecordedNode();
  const { code, stdout, stderr } = await dashboard("--json", "--node", node.url);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual(recordedView());
});

test("without a terminal it behaves as --once and says so", async () => {
  await using node = await openRecordedNode();
  const { code, stdout, stderr } = await dashboard("--node", node.url);
  expect(code).toBe(0);
  expect(stderr).toBe("This is no terminal, so here is one overview (as with --once).\n");
  expect(stdout).toContain("● healthy");
});

test("nobody answering is one sentence and 2", async () => {
  const node = await openRecordedNode();
  await node[Symbol.asyncDispose]();
  for (const option of ["--once", "--json"]) {
    expect(await dashboard(option, "--node", node.url)).toEqual({
      code: 2,
      stdout: "",
      stderr: `No node answers: ${node.url} refuses connections\n`,
    });
  }
});

test("something else that answers is one sentence and 2", async () => {
  await using node = await openRecordedNode({ hello: "world" } as never);
  const { code, stderr } = await dashboard("--once", "--node", node.url);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^No node answers: http.* answered something that is not Understudy .*\n$/);
});

test("a view that can't be drawn is one sentence and no stack trace", async () => {
  const members = [memberOf("node-a", { position: 7 as never })];
  await using node = await openRecordedNode(recordedView({ members }));
  const { code, stdout, stderr } = await dashboard("--once", "--node", node.url);
  expect({ code, stdout }).toEqual({ code: 70, stdout: "" });
  expect(stderr).toMatch(/^The dashboard failed: [^\n]*\n$/);
});

test("--help prints the usage, an unknown option one sentence", async () => {
  expect(await dashboard("--help")).toMatchObject({
    code: 0,
    stderr: "",
    stdout: expect.stringContaining("usage:") as string,
  });
  expect(await dashboard("--frob")).toEqual({
    code: 2,
    stdout: "",
    stderr: "there is no option --frob. Try --help.\n",
  });
});
