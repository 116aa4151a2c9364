// Every way out of the dashboard, every size, and what it does where there is no terminal, on a real cluster that gets worse.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { openTerminal, startCluster, type Cluster, type Terminal } from "../src/index.ts";
import { DashboardBundle, waitUntilGone } from "./dashboard-bundle.ts";

const [flavour = "mariadb"] = testFlavours();
const stack = new AsyncDisposableStack();
let cluster: Cluster;
let bundle: DashboardBundle;

beforeAll(async () => {
  bundle = stack.use(await DashboardBundle.make());
  cluster = stack.use(await startCluster({ flavour, slaves: 2, etcd: 1 }));
});

afterAll(() => stack.disposeAsync());

/** That the shell has a terminal as it was before, with `code`. */
async function expectClean(terminal: Terminal, code: number): Promise<void> {
  const screen = await terminal.waitFor(new RegExp(`ended with ${code}\\b`));
  // What was on the screen before is back.
  expect(screen).toContain("before the dashboard");
  expect(await terminal.value("#{alternate_on} #{cursor_flag} #{mouse_any_flag}")).toBe("0 1 0");
  // Into a file, since words of what was typed are on the screen too; its end is waited for by what only its end prints.
  const file = join(bundle.folder, "settings");
  await terminal.enter(`stty -a > ${file}; echo "told with $?"`);
  await terminal.waitFor(/told with 0\b/);
  const settings = await readFile(file, "utf8");
  for (const word of ["icanon", "isig", "echo", "icrnl", "opost"]) {
    expect(settings).toMatch(new RegExp(`[ ;\\n]${word}\\b`));
  }
}

async function openLive(options: { readonly environment?: Record<string, string> } = {}): Promise<Terminal> {
  const environment = { ...bundle.environment, ...options.environment };
  const terminal = await openTerminal({ cwd: bundle.folder, environment });
  await terminal.enter("echo before the dashboard");
  await terminal.enter(`${bundle.commandLine("--node", cluster.master.url)}; echo "ended with $?"`);
  await terminal.waitFor(/● healthy/);
  expect(await terminal.value("#{alternate_on} #{cursor_flag}")).toBe("1 0");
  return terminal;
}

describe("ways out", () => {
  it.for([
    ["q", "q"],
    ["Ctrl-C", "C-c"],
  ] as const)("%s leaves the terminal clean", async ([, key]) => {
    await using terminal = await openLive();
    await terminal.press(key);
    await expectClean(terminal, 0);
    expect(await bundle.stderr()).toBe("");
  });

  it("Ctrl-C leaves from within a form", async () => {
    await using terminal = await openLive();
    await terminal.press("1");
    await terminal.type("half");
    await terminal.waitFor(/half▏/);
    await terminal.press("C-c");
    await expectClean(terminal, 0);
  });

  it.for([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("%s leaves the terminal clean, with the shells' code", async ([signal, code]) => {
    await using terminal = await openLive();
    process.kill(await bundle.pid(), signal);
    await expectClean(terminal, code);
    expect(await bundle.stderr()).toBe("");
  });

  it("a terminal that goes away ends it", async () => {
    await using terminal = await openLive();
    const pid = await bundle.pid();
    await terminal.tmux("kill-server");
    await waitUntilGone(pid);
    expect(await bundle.stderr()).toBe("");
  });

  it("keys that come from nowhere any more end it, and leave the terminal clean", async () => {
    await using keys = await openTerminal();
    await keys.enter("exec cat");
    await using terminal = await openTerminal({ environment: bundle.environment });
    await terminal.enter("echo before the dashboard");
    const line = bundle.commandLine("--node", cluster.master.url, "<", await keys.value("#{pane_tty}"));
    await terminal.enter(`${line}; echo "ended with $?"`);
    await terminal.waitFor(/● healthy/);
    await keys.tmux("kill-server");
    await expectClean(terminal, 129);
    expect(await bundle.stderr()).toBe("");
  });

  it("a defect is one sentence, and leaves the terminal clean", async () => {
    const fault = join(bundle.folder, "fault.mjs");
    await writeFile(fault, `process.on("SIGUSR2", () => { throw new Error("made for a test"); });`);
    await using terminal = await openLive({ environment: { NODE_OPTIONS: `--import=${fault}` } });
    process.kill(await bundle.pid(), "SIGUSR2");
    await expectClean(terminal, 70);
    expect(await bundle.stderr()).toBe("The dashboard failed: made for a test\n");
  });
});

it("stays usable down to 60×16, says so below that, and comes back", async () => {
  await using terminal = await openLive();
  for (const [columns, rows] of [
    [140, 40],
    [80, 24],
    [60, 16],
  ] as const) {
    await terminal.resize(columns, rows);
    await terminal.press("1");
    await terminal.waitFor(/its name/);
    // The frame fills the screen but for its last line, and the key line is at its end.
    await terminal.waitFor(new RegExp(`^Understudy.*● healthy.*\\n(?:.*\\n){${rows - 3}}Esc closes`));
    await terminal.press("Escape");
    await terminal.waitFor(new RegExp(`^Understudy.*● healthy.*\\n(?:.*\\n){${rows - 3}}.*\\? help`));
    expect(await terminal.screen()).toContain("▸ 1  Create a database");
  }
  await terminal.resize(59, 16);
  await terminal.waitFor(/^Too small: 59×16, at least 60×16 is needed\.\s*$/);
  await terminal.resize(30, 5);
  await terminal.waitFor(/^Too small: 30×5/);
  await terminal.resize(100, 30);
  await terminal.waitFor(/^Understudy.*● healthy[\s\S]*\? help/);
});

describe("without a terminal", () => {
  const degraded = () => cluster.slaves[1];

  it("ends with 0 for a healthy cluster", async () => {
    const args = ["--node", cluster.firstSlave.url];
    const once = await bundle.run("--once", ...args);
    expect(once).toMatchObject({ code: 0, stderr: "" });
    expect(once.stdout).toContain("● healthy");
    const json = await bundle.run("--json", ...args);
    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({ self: cluster.firstSlave.nodeId });
    const none = await bundle.run(...args);
    expect(none).toMatchObject({
      code: 0,
      stderr: "This is no terminal, so here is one overview (as with --once).\n",
    });
  });

  it("says in a sentence what is wrong with a URL, a token file, a certificate", async () => {
    expect(await bundle.run("--once", "--node", "ftp://a")).toEqual({
      code: 2,
      stdout: "",
      stderr: "--node needs a URL like http://127.0.0.1:8083. Try --help.\n",
    });
    for (const option of ["--token-file", "--ca-file"]) {
      const { code, stderr } = await bundle.run("--once", option, join(bundle.folder, "nowhere"));
      expect(code).toBe(2);
      expect(stderr).toMatch(/^The (token|certificates) can't be read: [^\n]*\n$/);
    }
  });

  it("--watch tells of a slave's death, and ends with 1 like --once and --json", async () => {
    await using terminal = await openTerminal({ columns: 200, environment: bundle.environment });
    const line = bundle.commandLine("--watch", "--node", cluster.master.url);
    await terminal.enter(`${line}; echo "ended with $?"`);
    await terminal.waitFor(/"kind":"cluster","verdict":"healthy"/);
    await degraded()?.killHard();
    await terminal.waitFor(/"verdict":"degraded"/);
    await terminal.press("C-c");
    await terminal.waitFor(/ended with 1\b/);
    expect(await bundle.stderr()).toBe("");
    const once = await bundle.run("--once", "--node", cluster.master.url);
    expect(once).toMatchObject({ code: 1, stderr: "" });
    expect(once.stdout).toContain(`! ${degraded()?.nodeId ?? "?"} is `);
    expect(await bundle.run("--json", "--node", cluster.master.url)).toMatchObject({ code: 1, stderr: "" });
  });

  it("ends with 2 and a sentence when no node answers, and --watch keeps trying", async () => {
    const url = cluster.slaves[1]?.url ?? "";
    for (const option of ["--once", "--json"]) {
      expect(await bundle.run(option, "--node", url)).toEqual({
        code: 2,
        stdout: "",
        stderr: `No node answers: ${url} refuses connections\n`,
      });
    }
    await using terminal = await openTerminal({ columns: 200, environment: bundle.environment });
    await terminal.enter(`${bundle.commandLine("--watch", "--node", url)}; echo "ended with $?"`);
    await terminal.waitFor(/"kind":"unreachable"/);
    await cluster.slaves[1]?.start();
    await terminal.waitFor(/"kind":"cluster"/);
    await cluster.waitUntilReplicating();
    await terminal.waitFor(/"verdict":"healthy"/);
    await terminal.press("C-c");
    await terminal.waitFor(/ended with 0\b/);
  });
});
