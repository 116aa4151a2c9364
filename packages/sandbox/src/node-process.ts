import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import {
  endLeftover,
  fileSize,
  lastWordsOf,
  LocalProcess,
  waitUntilUp,
  type ProcessLaunch,
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
  /** A folder of the apps' bundles, of which the one of the app is run instead of its source. */
  readonly bundles?: string;
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
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;

/** A node as a process of this machine. It may be killed, held still and started again. */
export class NodeProcess extends LocalProcess {
  readonly #options: NodeProcessOptions;
  readonly #mainFile: string;
  #logStart = 0;
  #address: NodeAddress;

  /** Use {@link openNodeProcess}. */
  constructor(options: NodeProcessOptions) {
    super({ stopTimeoutMs: STOP_TIMEOUT_MS });
    this.#options = options;
    this.#mainFile = options.mainFile ?? mainFileOf(options);
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

  /** From its next start on it listens there. Throws where it runs. */
  moveTo(address: NodeAddress): void {
    if (this.isRunning) throw new Error(`${this.nodeId} runs; it can be moved when it is stopped`);
    this.#address = address;
  }

  /** What it said last since its latest start, for messages to people; empty where it said nothing. */
  async lastWords(): Promise<string> {
    return lastWordsOf(this.logFile, this.#logStart);
  }

  protected async prepare(): Promise<ProcessLaunch> {
    const { directory, nodeId, beforeStart, afterEnd: onEnd } = this.#options;
    const { host, port } = this.#address;
    await mkdir(directory, { recursive: true });
    await mkdir(dirname(this.logFile), { recursive: true });
    await endLeftoverNode(directory);
    this.#logStart = await fileSize(this.logFile);
    await beforeStart?.();
    return {
      program: process.execPath,
      arguments: [commandLineMark(directory), this.#mainFile],
      environment: {
        ...inheritedEnvironment(),
        UNDERSTUDY_NODE_ID: nodeId,
        UNDERSTUDY_HOST: host,
        UNDERSTUDY_PORT: String(port),
        ...this.#options.environment,
      },
      outputFile: this.logFile,
      pidFile: pidFileOf(directory),
      ...(onEnd ? { onEnd } : {}),
    };
  }

  /** `GET /health/live` answers 200; throws `starting`. */
  protected async untilUp(isGone: () => boolean): Promise<void> {
    await waitUntilUp({
      name: this.nodeId,
      probe: (signal) => lackOf(this.url, signal),
      isGone,
      lastWords: () => this.lastWords(),
      timeoutMs: this.#options.startTimeoutMs ?? START_TIMEOUT_MS,
    });
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

function mainFileOf({ app, bundles }: NodeProcessOptions): string {
  if (bundles !== undefined) return join(bundles, app, "main.mjs");
  return fileURLToPath(new URL(`../../../apps/${app}/src/main.ts`, import.meta.url));
}
