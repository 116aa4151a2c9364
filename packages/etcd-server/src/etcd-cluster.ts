import { resolve, join } from "node:path";
import { reservePort } from "@understudy/database-server";
import { UnderstudyError } from "@understudy/protocol";
import type { EtcdTls } from "./etcd-arguments.ts";
import { EtcdMember, peerUrl, type EtcdPorts } from "./etcd-member.ts";
import { findEtcdProgram, type EtcdProgram } from "./etcd-program.ts";

/** How a private etcd cluster is set up. */
export interface EtcdClusterOptions {
  /** Holds a folder for each member: `etcd1`, `etcd2`, … Made where it is missing; what an earlier run left there goes on. */
  readonly directory: string;
  /** How many: 1, or 3 to survive the loss of one. The same as long as the folder's data lives. Default 1. */
  readonly members?: number;
  /** Default: the one that is found, see {@link findEtcdProgram}. */
  readonly program?: EtcdProgram;
  /**
   * The members' ports, which somebody has reserved: the same peer ports in each run on a folder. Where they are left out, new ones are
   * reserved until disposal, so that the folder can't be opened again.
   */
  readonly ports?: readonly EtcdPorts[];
  /** Bound of the start of one member. Default 60 s. */
  readonly startTimeoutMs?: number;
  /** Clients speak TLS to it, and its members to each other where they are to show certificates. Left out: in plain. */
  readonly tls?: EtcdTls;
  /** More options for each member's command line, such as `--auth-token-ttl=5`. */
  readonly extraArguments?: readonly string[];
}

/** A running etcd cluster on this machine. Disposal stops all members and keeps their folders. */
export interface EtcdCluster extends AsyncDisposable {
  readonly members: readonly EtcdMember[];
  /** The clients' URLs of all members, comma-separated, as `UNDERSTUDY_ETCD` wants them. */
  readonly urls: string;
}

const START_TIMEOUT_MS = 60_000;

/**
 * Starts all members on loopback and resolves when each of them serves. A start that fails leaves none running. Throws
 * `config-invalid` where there is no etcd program, `starting` with the last words of a member that did not start.
 */
export async function openEtcdCluster(options: EtcdClusterOptions): Promise<EtcdCluster> {
  const program = options.program ?? (await findEtcdProgram());
  if (!program) {
    throw new UnderstudyError(
      "config-invalid",
      "no etcd program was found on this machine: install etcd (Debian: etcd-server), or name one in UNDERSTUDY_ETCD_PROGRAM",
    );
  }
  await using stack = new AsyncDisposableStack();
  const directory = resolve(options.directory);
  const ports = options.ports ?? (await reservePorts(stack, options.members ?? 1));
  const names = ports.map((_, index) => `etcd${index + 1}`);
  const health = options.tls ? await reserveEach(stack, ports.length) : [];
  const tls = options.tls ?? null;
  const peerUrls = new Map(
    ports.map(({ peer, gate }, index) => [`etcd${index + 1}`, peerUrl(gate ?? peer, tls)]),
  );
  const members = ports.map((of, index) => {
    const name = names[index] ?? "";
    return new EtcdMember({
      program,
      name,
      directory: join(directory, name),
      ports: of,
      peerUrls,
      // a stranger that listens on a remembered port is none of this cluster's
      token: directory,
      startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
      tls,
      healthPort: health[index] ?? null,
      extraArguments: options.extraArguments ?? [],
    });
  });
  stack.defer(() => disposeAll(members));
  await startAll(members);
  const owned = stack.move();
  return {
    members,
    urls: members.map(({ url }) => url).join(","),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function reservePorts(stack: AsyncDisposableStack, members: number): Promise<readonly EtcdPorts[]> {
  const clients = await reserveEach(stack, members);
  const peers = await reserveEach(stack, members);
  return clients.map((client, index) => ({ client, peer: peers[index] ?? 0 }));
}

async function reserveEach(stack: AsyncDisposableStack, count: number): Promise<number[]> {
  const ports = await Promise.all(Array.from({ length: count }, () => reservePort()));
  return ports.map((port) => stack.use(port).port);
}

/** At the same time, since one that is alone does not serve. The first failure counts, after all have settled. */
async function startAll(members: readonly EtcdMember[]): Promise<void> {
  const results = await Promise.allSettled(members.map((member) => member.start()));
  const failure = results.find((result) => result.status === "rejected");
  if (failure) throw failure.reason;
}

async function disposeAll(members: readonly EtcdMember[]): Promise<void> {
  const results = await Promise.allSettled(members.map((member) => member[Symbol.asyncDispose]()));
  const failure = results.find((result) => result.status === "rejected");
  if (failure) throw failure.reason;
}
