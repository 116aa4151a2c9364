import { resolve } from "node:path";
import type { DatabaseServer } from "@understudy/database-server";
import type { EtcdCluster, EtcdMember, EtcdPorts, EtcdProgram } from "@understudy/etcd-server";
import type { Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { clusterIdOf } from "./cluster-id.ts";
import { openEtcdPeerLinks, type EtcdPeerLinks } from "./etcd-peer-links.ts";
import { FLAVOUR_NAMES } from "./flavour-names.ts";
import { openNetworkLinks } from "./network-links.ts";
import { pidFileOf } from "./node-process.ts";
import type { PeerGate } from "./peer-gate.ts";
import { foldersOf, writePlan, type NodePlan } from "./sandbox-folder.ts";
import { openSandboxLock } from "./sandbox-lock.ts";
import type { SandboxNode } from "./sandbox-node.ts";
import type { SandboxProgress } from "./sandbox-progress.ts";
import { issueCertificates, type SandboxAuthority, type SandboxTls } from "./sandbox-tls.ts";
import { settleSandbox, type SettledSandbox } from "./settle-sandbox.ts";
import { startEtcd } from "./start-etcd.ts";
import { startDatabases, startNodes, type MembersOptions } from "./start-members.ts";
import { superviseAll, watchedOf } from "./supervise-all.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

/** What {@link openSandbox} starts. */
export interface SandboxOptions {
  /** Made where it is missing. A folder of an earlier run goes on with its data. */
  readonly directory: string;
  /** Default: what the folder holds, else MariaDB where it is found, else MySQL. */
  readonly flavour?: Flavour;
  /** Default: as many as the folder holds, else 2. */
  readonly slaves?: number;
  /** Port of the master; the slaves follow. 0 for any free ones. */
  readonly port: number;
  /** Throw away what an earlier run left in the folder. */
  readonly fresh?: boolean;
  readonly logLevel?: string;
  /** Default `full`; `relaxed` survives a crash of processes only. */
  readonly durability?: "full" | "relaxed";
  /** Where new data folders are copied from, see `DatabaseServerOptions`; for tests. Default: they are initialised. */
  readonly templates?: string;
  /**
   * Members of an etcd by which the nodes agree who leads: 1, or 3 to survive the loss of one. 0, the default, is none: the node that is
   * started as the master leads. A folder that has an etcd keeps its number of members.
   */
  readonly etcd?: number;
  /** Another program than the nodes' own: a stand-in for tests. */
  readonly nodeMainFile?: string;
  /** A folder with `master/main.mjs` and `slave/main.mjs`, the apps' bundles, to be run instead of their sources. */
  readonly bundles?: string;
  /** More `UNDERSTUDY_*` settings for every node, by their full names. */
  readonly nodeEnvironment?: Readonly<Record<string, string>>;
  /** More variables of one process' environment. */
  readonly environmentOf?: (nodeId: string, process: "node" | "database") => Readonly<Record<string, string>>;
  /** Called with the folders of all database servers before anything is put there; disposed when the servers have stopped. */
  readonly openDisks?: (folders: readonly string[]) => Promise<AsyncDisposable>;
  /** Start again what ends unexpectedly. Must be false where a test kills processes by intent. */
  readonly supervise: boolean;
  /**
   * Joins all parties by proxies, whose faults are drawn from `random`: see {@link Sandbox.proxies}. With `betweenEtcd` also the members
   * of etcd among themselves; they remember the proxies' addresses, so that such a folder can't be started again.
   */
  readonly proxies?: { readonly random: Random; readonly betweenEtcd?: boolean };
  /**
   * Whose certificates all show each other: clients and nodes, nodes and nodes, nodes and their database servers, nodes and etcd, each
   * checked on both ends. Left out: all speak in plain.
   */
  readonly authority?: SandboxAuthority;
  readonly onProgress?: (progress: SandboxProgress) => void;
  /** Gives up a start between two of its steps; what was started is stopped again. */
  readonly signal?: AbortSignal;
  /** Kills at once whatever runs, also in the midst of an orderly stop. */
  readonly killSignal?: AbortSignal;
}

/** A running cluster on this machine. Disposal stops the nodes, then the database servers, and keeps the folder. */
export interface Sandbox extends AsyncDisposable {
  readonly directory: string;
  readonly flavour: Flavour;
  /** The one that is started as the master first. */
  readonly nodes: readonly SandboxNode[];
  readonly master: SandboxNode;
  readonly slaves: readonly SandboxNode[];
  /** Empty where the option of that name was left out. */
  readonly etcd: readonly EtcdMember[];
  /**
   * With the option of that name, a proxy between every two parties: `client>node2`, `node2>node1` (what a slave sends to its master),
   * `node1>node2` (deliveries), `node2>database2`. Clients have to go through theirs of themselves. With etcd also `node2>etcd1`, and
   * `node2>node3` for every two nodes; `others>node3` carries what comes to node3's advertised address from anybody else.
   */
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  /** With proxies and etcd: what stands at each node's advertised address, by node id. */
  readonly gates: ReadonlyMap<string, PeerGate>;
}

/**
 * Starts database servers and nodes in a folder and resolves when every process answers (not: when all replicate, see
 * `waitUntilReplicating`). A start that fails leaves nothing running. Throws `config-invalid` for a folder or port that can't be
 * used, `database-unavailable` or `starting` with the last words of what did not start.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const directory = resolve(options.directory);
  const onProgress = options.onProgress ?? (() => undefined);
  await using stack = new AsyncDisposableStack();
  stack.use(await openSandboxLock(directory));
  const settled = await settleSandbox(stack, directory, options);
  const { plan, program } = settled;
  options.signal?.throwIfAborted();
  onProgress({ kind: "begin", text: `${describe(settled)} in ${directory}` });
  const tls = options.authority ? await issueCertificates(options.authority, plan) : null;
  const members: MembersOptions = {
    directory,
    plan,
    program,
    durability: options.durability ?? "full",
    templates: options.templates,
    nodeEnvironment: {
      ...(options.logLevel ? { UNDERSTUDY_LOG_LEVEL: options.logLevel } : {}),
      ...options.nodeEnvironment,
    },
    onProgress,
    environmentOf: options.environmentOf,
    killSignal: options.killSignal,
    tls,
  };
  const folders = plan.nodes.map(({ nodeId }) => foldersOf(directory, nodeId).database);
  if (options.openDisks) stack.use(await options.openDisks(folders));
  const peers = await peerLinksOf(stack, settled, options);
  const { databases, etcd } = await startServers(stack, members, {
    program: settled.etcd,
    ports: peers?.ports,
  });
  options.signal?.throwIfAborted();
  const links = options.proxies
    ? await openNetworkLinks(stack, {
        nodes: plan.nodes,
        databases: databases.map((database, index) => addressOf(database, plan.nodes[index], tls)),
        scheme: tls ? "https" : "http",
        etcd: etcd?.members ?? [],
        pidFileOf: (nodeId) => pidFileOf(foldersOf(directory, nodeId).node),
        random: options.proxies.random,
      })
    : null;
  const nodes = await startNodes(stack, databases, {
    ...members,
    links,
    etcd,
    nodeMainFile: options.nodeMainFile,
    bundles: options.bundles,
  });
  options.signal?.throwIfAborted();
  if (options.supervise) superviseAll(stack, watchedOf(nodes, etcd?.members ?? []), onProgress);

  const [master, ...slaves] = nodes;
  const owned = stack.move();
  return {
    directory,
    flavour: plan.flavour,
    nodes,
    master,
    slaves,
    etcd: etcd?.members ?? [],
    proxies: new Map([...(links?.proxies ?? []), ...(peers?.proxies ?? [])]),
    gates: links?.gates ?? new Map(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Where a node finds its database server. */
function addressOf(
  { host, port, url }: DatabaseServer,
  node: NodePlan | undefined,
  tls: SandboxTls | null,
): Pick<DatabaseServer, "host" | "port" | "url"> {
  return { host, port, url: tls && node ? tls.databaseUrl(node.nodeId, url) : url };
}

/** Null unless they were asked for. */
async function peerLinksOf(
  stack: AsyncDisposableStack,
  { plan, etcd }: SettledSandbox,
  options: SandboxOptions,
): Promise<EtcdPeerLinks | null> {
  if (!options.proxies?.betweenEtcd || !etcd || !plan.etcd) return null;
  const { members } = plan.etcd;
  const except = [
    ...plan.nodes.flatMap(({ port, databasePort }) => [port, databasePort]),
    ...members.flatMap(({ client, peer }) => [client, peer]),
  ];
  const { random } = options.proxies;
  return openEtcdPeerLinks(stack, { directory: resolve(options.directory), members, except, random });
}

/** Starts database servers and etcd at the same time; where one fails, `stack` stops the others. */
async function startServers(
  stack: AsyncDisposableStack,
  members: MembersOptions,
  {
    program,
    ports,
  }: { readonly program: EtcdProgram | null; readonly ports: readonly EtcdPorts[] | undefined },
): Promise<{
  readonly databases: readonly DatabaseServer[];
  readonly etcd: (EtcdCluster & { readonly clusterId: string }) | null;
}> {
  const { directory, plan, onProgress, killSignal, tls } = members;
  const startingEtcd =
    program && plan.etcd
      ? startEtcd(stack, {
          directory,
          ports: ports ?? plan.etcd.members,
          program,
          onProgress,
          killSignal,
          tls: tls?.etcd,
        })
      : Promise.resolve(null);
  const [databases, etcd] = await Promise.allSettled([startDatabases(stack, members), startingEtcd]);
  if (databases.status === "rejected") throw databases.reason;
  if (etcd.status === "rejected") throw etcd.reason;
  const [first] = databases.value;
  if (!etcd.value || !plan.etcd || !first) return { databases: databases.value, etcd: null };
  const clusterId = plan.etcd.clusterId ?? (await clusterIdOf(first));
  await writePlan(directory, { ...plan, etcd: { ...plan.etcd, clusterId } });
  return { databases: databases.value, etcd: { ...etcd.value, clusterId } };
}

function describe({ plan, program, etcd }: SettledSandbox): string {
  const slaves = plan.nodes.length === 2 ? "1 slave" : `${plan.nodes.length - 1} slaves`;
  const agreeing =
    etcd && plan.etcd
      ? ` with ${plan.etcd.members.length === 1 ? "etcd" : `${plan.etcd.members.length} etcd members`}`
      : "";
  return `a master and ${slaves} on ${FLAVOUR_NAMES[program.flavour]} ${program.version}${agreeing}`;
}
