import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@understudy/kernel";
import { endLeftover, holdStill } from "@understudy/database-server";
import type { Role } from "@understudy/protocol";
import { fileSize, lastWordsOf } from "./log-tail.ts";
import { inheritedEnvironment } from "./node-environment.ts";
import { waitUntilLive } from "./wait-until-live.ts";

/** How a node's process is run. */
export interface NodeProcessOptions {
  /** Which app: the role that the node starts with. */
  readonly app: Role;
  readonly nodeId: string;
  readonly port: number;
  /** The node's own folder; its process id is kept there, so that a leftover of a killed parent is found. */
  readonly directory: string;
  /** stdout and stderr are appended to it. */
  readonly logFile: string;
  /** More `UNDERSTUDY_*` settings, by their full names. The parent's own are not passed on. */
  readonly environment: Readonly<Record<string, string>>;
  /** Another program than the app's `main.ts`: a stand-in for tests. */
  readonly mainFile?: string;
  /** Bound of one start. Default 60 s. */
  readonly startTimeoutMs?: number;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface NodeExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const HOST = "127.0.0.1";
const STOP_TIMEOUT_MS = 20_000;

/** A node as a process of this machine. It may be killed, held still and started again. */
export class NodeProcess implements AsyncDisposable {
  readonly url: string;
  readonly #options: NodeProcessOptions;
  readonly #mainFile: string;
  #child: ChildProcess | null = null;
  #exited: Promise<NodeExit> = Promise.resolve({ code: null, signal: null });
  #logStart = 0;

  /** Use {@link openNodeProcess}. */
  constructor(options: NodeProcessOptions) {
    this.#options = options;
    this.#mainFile = options.mainFile ?? mainFileOf(options.app);
    this.url = `http://${HOST}:${options.port}`;
  }

  get nodeId(): string {
    return this.#options.nodeId;
  }

  get logFile(): string {
    return this.#options.logFile;
  }

  /** Process id; null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Settles when the running process ends, however it ends. Take it again after each start. */
  get exited(): Promise<NodeExit> {
    return this.#exited;
  }

  /** Starts it and waits until `GET /health/live` answers 200. Does nothing while it runs. Throws with its last words. */
  async start(): Promise<void> {
    if (this.#child) return;
    await mkdir(this.#options.directory, { recursive: true });
    await mkdir(dirname(this.logFile), { recursive: true });
    await endLeftover(pidFileOf(this.#options.directory), commandLineMark(this.#options.directory));
    this.#logStart = await fileSize(this.logFile);
    const child = await this.#spawn();
    if (child.pid !== undefined) await writeFile(pidFileOf(this.#options.directory), `${child.pid}\n`);
    try {
      await waitUntilLive(this.url, {
        nodeId: this.nodeId,
        isGone: () => this.#child !== child,
        lastWords: () => this.lastWords(),
        timeoutMs: this.#options.startTimeoutMs ?? 60_000,
      });
    } catch (error) {
      await this.killHard();
      throw error;
    }
  }

  /** Asks it to stop (SIGTERM), kills it when that takes over 20 s. Null where it did not run. */
  async stop(): Promise<NodeExit | null> {
    const child = this.#child;
    if (!child) return null;
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    const deadline = new AbortController();
    await Promise.race([
      this.#exited,
      systemClock.sleep(STOP_TIMEOUT_MS, deadline.signal).catch(() => undefined),
    ]);
    deadline.abort();
    child.kill("SIGKILL");
    return this.#exited;
  }

  /** `kill -9`; resolves when the process is gone. */
  async killHard(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGSTOP: it holds still, but its connections stay open. Resolves when every thread of it has stopped. */
  async freeze(): Promise<void> {
    if (this.pid !== null) await holdStill(this.pid);
  }

  /** Ends a {@link freeze}. */
  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  /** What it said last since its latest start, for messages to people; empty where it said nothing. */
  async lastWords(): Promise<string> {
    return lastWordsOf(this.logFile, this.#logStart);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #spawn(): Promise<ChildProcess> {
    const { directory, nodeId, port } = this.#options;
    await using log = await open(this.logFile, "a");
    const child = spawn(process.execPath, [commandLineMark(directory), this.#mainFile], {
      stdio: ["ignore", log.fd, log.fd],
      // its own group, so that Ctrl-C in a terminal reaches us alone and we stop it in order
      detached: true,
      env: {
        ...inheritedEnvironment(),
        UNDERSTUDY_NODE_ID: nodeId,
        UNDERSTUDY_HOST: HOST,
        UNDERSTUDY_PORT: String(port),
        ...this.#options.environment,
      },
    });
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<NodeExit>();
    this.#exited = promise;
    const onEnd = (exit: NodeExit): void => {
      if (this.#child === child) this.#child = null;
      resolve(exit);
    };
    child.once("exit", (code, signal) => onEnd({ code, signal }));
    child.once("error", () => onEnd({ code: null, signal: null }));
    return child;
  }
}

/** Starts a node's process and resolves when it answers. Throws with the last words of one that ends or stays silent. */
export async function openNodeProcess(options: NodeProcessOptions): Promise<NodeProcess> {
  const node = new NodeProcess(options);
  await node.start();
  return node;
}

/** Ends what a killed parent left running of the node with this folder. */
export async function endLeftoverNode(directory: string): Promise<void> {
  await endLeftover(pidFileOf(directory), commandLineMark(directory));
}

function pidFileOf(directory: string): string {
  return join(directory, "node.pid");
}

/**
 * An option of Node that names the node's folder on the command line, so that a process is told from a stranger that was
 * given the same id later. Where diagnostic files are written at all, that folder is the right place for them.
 */
function commandLineMark(directory: string): string {
  return `--diagnostic-dir=${directory}`;
}

function mainFileOf(app: Role): string {
  return fileURLToPath(new URL(`../../../apps/${app}/src/main.ts`, import.meta.url));
}
