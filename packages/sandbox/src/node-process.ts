import { spawn } from "node:child_process";
import { mkdir, open, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import {
  endLeftover,
  fileSize,
  lastWordsOf,
  LocalProcess,
  waitUntilUp,
  type ProcessExit,
} from "@understudy/database-server";
import type { Role } from "@understudy/protocol";
import { inheritedEnvironment } from "./node-environment.ts";

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
  /** Called before each start; one that rejects prevents it. */
  readonly beforeStart?: () => Promise<void>;
  /** Called when a process has ended, however it ended. */
  readonly afterEnd?: () => void;
  /** The settings have it speak `https`. Default false. */
  readonly speaksTls?: boolean;
  /** Another program than the app's `main.ts`: a stand-in for tests. */
  readonly mainFile?: string;
  /** Bound of one start. Default 60 s. */
  readonly startTimeoutMs?: number;
}

/** Where a node listens. */
export interface NodeAddress {
  /** A loopback address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const HOST = "127.0.0.1";
/** Each on a connection of its own: one that is kept would end with the process. */
const PROBES = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false } });
const STOP_TIMEOUT_MS = 20_000;

/** A node as a process of this machine. It may be killed, held still and started again. */
export class NodeProcess implements AsyncDisposable {
  readonly #options: NodeProcessOptions;
  readonly #mainFile: string;
  readonly #process = new LocalProcess({ stopTimeoutMs: STOP_TIMEOUT_MS });
  #logStart = 0;
  #address: NodeAddress;

  /** Use {@link openNodeProcess}. */
  constructor(options: NodeProcessOptions) {
    this.#options = options;
    this.#mainFile = options.mainFile ?? mainFileOf(options.app);
    this.#address = { host: HOST, port: options.port };
  }

  /** Where it listens, or will when it is started. */
  get url(): string {
    const { host, port } = this.#address;
    const scheme = this.#options.speaksTls ? "https" : "http";
    return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  get nodeId(): string {
    return this.#options.nodeId;
  }

  get logFile(): string {
    return this.#options.logFile;
  }

  /** Process id; null while it does not run. */
  get pid(): number | null {
    return this.#process.pid;
  }

  /** Settles when the running process ends, however it ends. Take it again after each start. */
  get exited(): Promise<ProcessExit> {
    return this.#process.exited;
  }

  /** From its next start on it listens there. Throws where it runs. */
  moveTo(address: NodeAddress): void {
    if (this.#process.isRunning) throw new Error(`${this.nodeId} runs; it can be moved when it is stopped`);
    this.#address = address;
  }

  /** Starts it and waits until `GET /health/live` answers 200. Does nothing while it runs. Throws with its last words. */
  async start(): Promise<void> {
    if (this.#process.isRunning) return;
    await mkdir(this.#options.directory, { recursive: true });
    await mkdir(dirname(this.logFile), { recursive: true });
    await endLeftover(pidFileOf(this.#options.directory), commandLineMark(this.#options.directory));
    this.#logStart = await fileSize(this.logFile);
    await this.#options.beforeStart?.();
    const isGone = await this.#spawn();
    if (this.pid !== null) await writeFile(pidFileOf(this.#options.directory), `${this.pid}\n`);
    try {
      await waitUntilUp({
        name: this.nodeId,
        probe: (signal) => lackOf(this.url, signal),
        isGone,
        lastWords: () => this.lastWords(),
        timeoutMs: this.#options.startTimeoutMs ?? 60_000,
      });
    } catch (error) {
      await this.killHard();
      throw error;
    }
  }

  /** Asks it to stop (SIGTERM), kills it when that takes over 20 s. Null where it did not run. */
  async stop(): Promise<ProcessExit | null> {
    return this.#process.stop();
  }

  /** `kill -9`; resolves when the process is gone. */
  async killHard(): Promise<void> {
    await this.#process.killHard();
  }

  /** SIGSTOP: it holds still, but its connections stay open. Resolves when every thread of it has stopped. */
  async freeze(): Promise<void> {
    await this.#process.freeze();
  }

  /** Ends a {@link freeze}. */
  thaw(): void {
    this.#process.thaw();
  }

  /** What it said last since its latest start, for messages to people; empty where it said nothing. */
  async lastWords(): Promise<string> {
    return lastWordsOf(this.logFile, this.#logStart);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #spawn(): Promise<() => boolean> {
    const { directory, nodeId } = this.#options;
    const { host, port } = this.#address;
    await using log = await open(this.logFile, "a");
    const child = spawn(process.execPath, [commandLineMark(directory), this.#mainFile], {
      stdio: ["ignore", log.fd, log.fd],
      // its own group, so that Ctrl-C in a terminal reaches us alone and we stop it in order
      detached: true,
      env: {
        ...inheritedEnvironment(),
        UNDERSTUDY_NODE_ID: nodeId,
        UNDERSTUDY_HOST: host,
        UNDERSTUDY_PORT: String(port),
        ...this.#options.environment,
      },
    });
    const isGone = this.#process.take(child);
    child.once("exit", () => this.#options.afterEnd?.());
    return isGone;
  }
}

/** What `GET /health/live` lacks of a 200; null where it lacks nothing. Whose certificate it shows is not looked at: the process is ours. */
async function lackOf(url: string, signal: AbortSignal): Promise<string | null> {
  const { statusCode, body } = await request(`${url}/health/live`, { dispatcher: PROBES, signal });
  await body.dump();
  return statusCode === 200 ? null : `it answered ${statusCode}`;
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

/** The file that holds the process id of the node with this folder. */
export function pidFileOf(directory: string): string {
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
