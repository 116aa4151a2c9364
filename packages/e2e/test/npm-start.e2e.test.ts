// `npm start` as a user runs it: until it is ready, the commands that it prints, Ctrl-C.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isPortFree, isProcessAlive } from "@understudy/database-server";

const script = fileURLToPath(new URL("../../../scripts/start.mjs", import.meta.url));
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "understudy-npm-start-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** The first of `count` free ports in a row. */
async function freePorts(count: number): Promise<number> {
  for (let port = 15_000; port < 20_000; port += count) {
    const ports = Array.from({ length: count }, (_, index) => port + index);
    if ((await Promise.all(ports.map((candidate) => isPortFree(candidate)))).every(Boolean)) return port;
  }
  throw new Error("no free ports");
}

/** What the commands print, pasted into a shell. */
async function shell(commands: string): Promise<string> {
  return (await promisify(execFile)("sh", ["-ec", commands], { timeout: 30_000 })).stdout;
}

function post(url: string, path: string, body: unknown): string {
  return `curl -s ${url}/${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}

/** The line that `--json` prints. */
interface Ready {
  readonly event: string;
  readonly nodes: readonly {
    readonly nodeId: string;
    readonly role: string;
    readonly url: string;
    readonly pid: number;
    readonly databasePid: number;
  }[];
  readonly etcd: readonly { readonly pid: number }[];
}

/** A running `npm start`; disposal makes sure that it ends. */
class Start implements AsyncDisposable {
  readonly #child;
  readonly #lines;
  readonly #exit;
  stderr = "";

  constructor(commandLine: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [script, "--dir", directory, ...commandLine], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.#exit = once(this.#child, "exit");
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Lines of stdout until the one that matches, itself included. */
  async linesUntil(pattern: RegExp): Promise<string[]> {
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`stdout ended without ${pattern.source}; stderr: ${this.stderr}`);
      lines.push(value);
      if (pattern.test(value)) return lines;
    }
  }

  /** With `--json`: who is where, once everything replicates. */
  async ready(): Promise<Ready> {
    const [line = ""] = await this.linesUntil(/./);
    return JSON.parse(line) as Ready;
  }

  /** Sends a signal and resolves with the exit code. */
  async end(signal: NodeJS.Signals): Promise<unknown> {
    this.#child.kill(signal);
    return (await this.#exit)[0];
  }

  /** Resolves with the exit code, when it ends by itself. */
  async ended(): Promise<unknown> {
    return (await this.#exit)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) await this.end("SIGTERM");
  }
}

it("prints commands that work as they are, and stops in order at Ctrl-C", async () => {
  const port = await freePorts(3);
  await using start = new Start(["--port", String(port)]);
  const screen = (await start.linesUntil(/^Ctrl-C/)).join("\n");
  const commands = screen.slice(screen.indexOf("Try it:") + "Try it:".length, screen.indexOf("Ctrl-C"));
  const [write = "", read = ""] = commands.split(/^ *# read it.*$/m);
  expect(await shell(write)).toMatch(/"database":"shop".*"table":"users".*"affectedRows":1/s);
  // a slave has a row a moment after the master has confirmed it
  await expect.poll(() => shell(read)).toMatch(/"rows":\[\{"id":1,"name":"Ada"\}\]/);
  expect(await start.end("SIGINT")).toBe(0);
  expect(start.stderr).toContain("✓ all nodes replicate");
  expect(start.stderr).toContain("stopped; the data is kept");
  expect((await readdir(directory)).toSorted()).toEqual(["etcd1", "node1", "node2", "node3", "sandbox.json"]);
});

it("has another master when the first one's process is killed, and says so at its next start", async () => {
  const port = await freePorts(3);
  const commandLine = ["--port", String(port), "--json"];
  await using start = new Start(commandLine);
  const [master, ...slaves] = (await start.ready()).nodes;
  const [slave] = slaves;
  if (!master || !slave) throw new Error("three nodes are the default");
  expect([master.role, ...slaves.map(({ role }) => role)]).toEqual(["master", "slave", "slave"]);
  process.kill(master.pid, "SIGKILL");
  // it waits for the next master, and for an ack of the slave that is left
  expect(await shell(post(slave.url, "createdb", { name: "kept" }))).toContain('"database":"kept"');
  const isMaster = (url: string): Promise<string> => shell(`curl -s ${url}/health/master`);
  const healths = await Promise.all(slaves.map(({ url }) => isMaster(url)));
  expect(healths.filter((health) => health.includes('"status":"ok"'))).toHaveLength(1);
  // the sandbox starts what ended again, after some seconds
  await expect
    .poll(() => shell(`curl -s ${slave.url}/cluster`), { timeout: 30_000 })
    .toMatch(/"nodeId":"node1"[^}]*"role":"slave","state":"up"/);
  expect(await start.end("SIGINT")).toBe(0);

  await using second = new Start(commandLine);
  const { nodes } = await second.ready();
  const [leader] = nodes.filter(({ role }) => role === "master");
  expect(nodes.filter(({ role }) => role === "slave")).toHaveLength(2);
  expect(await isMaster(leader?.url ?? "")).toContain('"status":"ok"');
  for (const { url } of nodes) expect(await shell(`curl -s ${url}/databases`)).toContain('"kept"');
  expect(await second.end("SIGINT")).toBe(0);
});

it("goes without etcd where that is asked for", async () => {
  const port = await freePorts(2);
  await using start = new Start(["--port", String(port), "--slaves", "1", "--no-etcd", "--json"]);
  const { etcd, nodes } = await start.ready();
  expect(etcd).toEqual([]);
  expect(await shell(`curl -s ${nodes[0]?.url}/cluster`)).toContain('"election":"static"');
  expect(await start.end("SIGINT")).toBe(0);
});

it("tells machines who is where in one line, and leaves no process behind at SIGTERM", async () => {
  const port = await freePorts(2);
  await using start = new Start(["--port", String(port), "--slaves", "1", "--json"]);
  const { event, nodes, etcd } = await start.ready();
  expect(event).toBe("ready");
  expect(nodes).toMatchObject([
    { nodeId: "node1", role: "master", url: `http://127.0.0.1:${port}` },
    { nodeId: "node2", role: "slave", url: `http://127.0.0.1:${port + 1}` },
  ]);
  const pids = [
    ...nodes.flatMap(({ pid, databasePid }) => [pid, databasePid]),
    ...etcd.map(({ pid }) => pid),
  ];
  expect(await Promise.all(pids.map(isProcessAlive))).toEqual([true, true, true, true, true]);
  expect(await start.end("SIGTERM")).toBe(0);
  expect(await Promise.all(pids.map(isProcessAlive))).toEqual([false, false, false, false, false]);
});

it("refuses in one sentence what it does not understand", async () => {
  await using start = new Start(["--prot", "80"]);
  expect(await start.ended()).toBe(2);
  expect(start.stderr).toBe("Unknown option '--prot'; see --help\n");
});

it("does not start without the etcd that it was asked for", async () => {
  await using start = new Start(["--etcd", "1"], { UNDERSTUDY_ETCD_PROGRAM: "/nowhere/etcd" });
  expect(await start.ended()).toBe(1);
  expect(start.stderr).toBe(
    "UNDERSTUDY_ETCD_PROGRAM names /nowhere/etcd, which is no etcd of 3.4 or later\n",
  );
});
