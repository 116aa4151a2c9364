import { mkdir } from "node:fs/promises";
import {
  fileSize,
  lastWordsOf,
  LocalProcess,
  waitUntilUp,
  type ProcessLaunch,
} from "@understudy/database-server";
import { etcdArguments, type EtcdTls } from "./etcd-arguments.ts";
import { endLeftoverEtcd, etcdFoldersOf } from "./etcd-folders.ts";
import { etcdEnvironment, type EtcdProgram } from "./etcd-program.ts";

/** The two TCP ports of a member on 127.0.0.1. */
export interface EtcdPorts {
  readonly client: number;
  /** For the other members. They remember it, so it stays the same as long as the data does. */
  readonly peer: number;
  /** Where the others go instead: something that passes their connections on to `peer`. It is what they remember then. */
  readonly gate?: number;
}

/** How a member is run. */
export interface EtcdMemberOptions {
  readonly program: EtcdProgram;
  readonly name: string;
  /** The member's own folder. */
  readonly directory: string;
  readonly ports: EtcdPorts;
  readonly peerUrls: ReadonlyMap<string, string>;
  readonly token: string;
  /** Bound of one start. */
  readonly startTimeoutMs: number;
  readonly tls: EtcdTls | null;
  /** Where a member with TLS is asked in plain whether it serves. */
  readonly healthPort: number | null;
  readonly extraArguments: readonly string[];
}

const HOST = "127.0.0.1";
const STOP_TIMEOUT_MS = 15_000;

function etcdUrl(port: number): string {
  return `http://${HOST}:${port}`;
}

/** The address of a port of this machine for the other members, as etcd wants it. */
export function peerUrl(port: number, tls: EtcdTls | null): string {
  const url = etcdUrl(port);
  return tls?.clientCaFile === undefined ? url : url.replace("http:", "https:");
}

/**
 * A member of a private etcd cluster, as a process of this machine. It may be killed, held still and started again. To serve clients it
 * needs a majority of the members: after the loss of a majority, start as many at the same time.
 */
export class EtcdMember extends LocalProcess {
  readonly host = HOST;
  readonly #options: EtcdMemberOptions;
  #logStart = 0;

  /** Use `openEtcdCluster`. */
  constructor(options: EtcdMemberOptions) {
    super({ stopTimeoutMs: STOP_TIMEOUT_MS });
    this.#options = options;
  }

  /** `etcd1`, `etcd2`, … */
  get name(): string {
    return this.#options.name;
  }

  /** Where clients go: `http://127.0.0.1:port`, with TLS `https:`. Stays the same over restarts. */
  get url(): string {
    const url = etcdUrl(this.port);
    return this.#options.tls ? url.replace("http:", "https:") : url;
  }

  /** The client's port. */
  get port(): number {
    return this.#options.ports.client;
  }

  get logFile(): string {
    return etcdFoldersOf(this.#options.directory).log;
  }

  protected async prepare(): Promise<ProcessLaunch> {
    const { program, name, directory, ports, peerUrls, token, tls, extraArguments: extra } = this.#options;
    await mkdir(directory, { recursive: true });
    await endLeftoverEtcd(directory);
    this.#logStart = await fileSize(this.logFile);
    const urls = {
      clientUrl: this.url,
      peerUrl: peerUrl(ports.peer, tls),
      advertisedPeerUrl: peerUrl(ports.gate ?? ports.peer, tls),
      peerUrls,
      healthUrl: this.#healthUrl,
    };
    return {
      program: program.path,
      arguments: etcdArguments({ ...urls, name, directory, token, tls, extra }),
      environment: etcdEnvironment(),
      outputFile: this.logFile,
      pidFile: etcdFoldersOf(directory).pidFile,
      workingDirectory: directory,
    };
  }

  /** It serves clients; throws `starting`. */
  protected async untilUp(isGone: () => boolean): Promise<void> {
    await waitUntilUp({
      name: this.name,
      probe: (signal) =>
        this.#healthUrl === null ? lackOf(this.url, signal) : healthLackOf(this.#healthUrl, signal),
      isGone,
      lastWords: () => lastWordsOf(this.logFile, this.#logStart),
      timeoutMs: this.#options.startTimeoutMs,
    });
  }

  get #healthUrl(): string | null {
    const { healthPort } = this.#options;
    return healthPort === null ? null : etcdUrl(healthPort);
  }
}

/** What keeps a member from answering as its users ask it; null where nothing does. It listens before, but answers nobody. */
async function lackOf(url: string, signal: AbortSignal): Promise<string | null> {
  const response = await fetch(`${url}/v3/maintenance/status`, { method: "POST", body: "{}", signal });
  const text = await response.text();
  if (response.status !== 200) return `it answered ${response.status}: ${text.slice(0, 200)}`;
  const status: unknown = JSON.parse(text);
  const hasLeader =
    typeof status === "object" && status !== null && "leader" in status && status.leader !== "0";
  return hasLeader ? null : "it knows no leader";
}

/** The same of one that speaks TLS, and may want to see a certificate. */
async function healthLackOf(url: string, signal: AbortSignal): Promise<string | null> {
  const response = await fetch(`${url}/health`, { signal });
  const text = await response.text();
  return response.status === 200 && text.includes('"true"')
    ? null
    : `it answered ${response.status}: ${text}`;
}
