import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "@understudy/kernel";
import { openTerminal, type Terminal, type TerminalOptions } from "../src/index.ts";

const app = fileURLToPath(new URL("../../../apps/dashboard/", import.meta.url));
const BUNDLE_TIMEOUT_MS = 120_000;
const END_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** A run that has ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The dashboard as users have it: bundled, in a folder that is gone at the end. */
export class DashboardBundle implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<DashboardBundle> {
    const folder = await mkdtemp(join(tmpdir(), "understudy-dashboard-e2e-"));
    const bundler = join(app, "node_modules/tsdown/dist/run.mjs");
    const args = [bundler, "--out-dir", folder, "--log-level", "warn"];
    await promisify(execFile)(process.execPath, args, { cwd: app, timeout: BUNDLE_TIMEOUT_MS });
    return new DashboardBundle(folder);
  }

  /** Its settings and history are in the folder, too. */
  get environment(): Readonly<Record<string, string>> {
    return { XDG_CONFIG_HOME: join(this.folder, "config"), XDG_STATE_HOME: join(this.folder, "state") };
  }

  /** A shell's command line; the process writes its id down, and what it says goes wrong. */
  commandLine(...args: readonly string[]): string {
    const { pid, stderr } = this.#files;
    const program = `exec ${process.execPath} ${join(this.folder, "main.mjs")} ${args.join(" ")} 2> ${stderr}`;
    return `sh -c 'echo $$ > ${pid}; ${program}'`;
  }

  /** What the last one of {@link commandLine} has said to its standard error. */
  async stderr(): Promise<string> {
    // That the cursor shall be seen again is said there as well.
    return (await readFile(this.#files.stderr, "utf8")).replaceAll("\u001B[?25h", "");
  }

  /** The process of the last {@link commandLine}. */
  async pid(): Promise<number> {
    return Number(await readFile(this.#files.pid, "utf8"));
  }

  /** Opens a terminal with the dashboard in it; when it ends, its exit code is on the screen. */
  async open(url: string, options: TerminalOptions = {}): Promise<Terminal> {
    const environment = { ...this.environment, ...options.environment };
    const terminal = await openTerminal({ cwd: this.folder, ...options, environment });
    await terminal.enter(`${this.commandLine("--node", url)}; echo "ended with $?"`);
    return terminal;
  }

  /** Runs it where there is no terminal. */
  async run(...args: readonly string[]): Promise<Run> {
    const ended = promisify(execFile)(process.execPath, [join(this.folder, "main.mjs"), ...args], {
      env: { ...process.env, ...this.environment },
      timeout: END_TIMEOUT_MS,
    });
    const code = Promise.withResolvers<number>();
    ended.child.once("exit", (exit) => code.resolve(exit ?? -1));
    ended.child.stdin?.end();
    const { stdout, stderr } = await ended.catch((error: unknown) => asOutput(error));
    return { code: await code.promise, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  get #files(): { readonly pid: string; readonly stderr: string } {
    return { pid: join(this.folder, "pid"), stderr: join(this.folder, "stderr") };
  }
}

/** Resolves when there is no such process any more; throws after a minute. */
export async function waitUntilGone(pid: number): Promise<void> {
  const deadline = systemClock.monotonicMs() + END_TIMEOUT_MS;
  while (isThere(pid)) {
    if (systemClock.monotonicMs() > deadline) throw new Error(`process ${pid} has not ended`);
    await systemClock.sleep(POLL_MS);
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function asOutput(error: unknown): { stdout: string; stderr: string } {
  const { stdout, stderr } = {
    stdout: "",
    stderr: String(error),
    ...(typeof error === "object" ? error : {}),
  };
  return { stdout: String(stdout), stderr: String(stderr) };
}
