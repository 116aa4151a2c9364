/*
 * The harness of the end-to-end tests: a whole cluster of real processes and real database servers, in a temporary folder,
 * on free ports, with relaxed durability, gone at the end. A test reads like prose:
 *
 *   await using cluster = await startCluster({ flavour, slaves: 2 });
 *   const [first, second] = cluster.slaves;
 *   await cluster.master.post("/createdb", { name: "mydb" });
 *   await first.killHard();                    // the node's process; `first.database.killHard()` is its database server
 *   ...
 *   await first.start();
 *   await cluster.waitForSync();               // asks the database servers, not the nodes
 *   await expectAllEqual(cluster);             // schema and CHECKSUM TABLE of all tables on all nodes
 *   await using connection = await sql(second); // past the API, as root
 *
 * With `proxies: { random }` every two parties speak through a TCP proxy, clients included:
 *
 *   cluster.proxy("client>node2").cutAll();    // also "node2>node1", "node1>node2" (deliveries), "node2>database2"
 *
 * With `etcd: 1` (or 3) the nodes agree by a private etcd who leads: `cluster.etcd[0].killHard()`. `cluster.master` is then the node
 * that was started as the master. With `proxies`, too, there are "node2>etcd1" and "node2>node3" for every two nodes.
 *
 * With `authority` (a `TestAuthority` of the package tls) all speak TLS and show each other certificates: clients, nodes, database
 * servers, etcd.
 *
 * Nothing is supervised: what a test kills stays dead until the test starts it again. A database server that is started
 * again comes up read-only, and it is its node's duty to open it on a master. UNDERSTUDY_E2E_KEEP=1 keeps the folder with
 * all logs and says where it is. UNDERSTUDY_TEST_BUNDLES names a folder of the apps' bundles, which a whole `npm test` makes: nodes
 * run from them as from an image, and start in half of the time. Without it they run from the sources.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { TEST_TEMPLATES } from "@understudy/database-server";
import type { Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import {
  openSandbox,
  waitUntilReplicating,
  type Sandbox,
  type PeerGate,
  type SandboxAuthority,
  type SandboxNode,
  type SandboxOptions,
  type TcpProxy,
} from "@understudy/sandbox";
import { checksumsOf, type Checksums } from "./checksums.ts";
import { ClusterNode } from "./cluster-node.ts";
import { waitForLeader } from "./wait-for-leader.ts";
import { waitForPosition } from "./wait-for-position.ts";

/** What {@link startCluster} starts. */
export interface ClusterOptions {
  readonly flavour: Flavour;
  /** Default 2. */
  readonly slaves?: number;
  /** Members of the etcd by which the nodes agree who leads; 0, the default, for none. */
  readonly etcd?: number;
  /** More `UNDERSTUDY_*` settings for every node, by their full names. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whose certificates all parties show each other; left out, all speak in plain. Requests of a test trust it. */
  readonly authority?: SandboxAuthority & { readonly ca: string };
  /** By which `waitUntilReplicating` asks, where the nodes ask for tokens; requests of a test bring their own. */
  readonly token?: string;
  /** Default `debug`, since the logs are read only where something went wrong. */
  readonly logLevel?: string;
  /** Joins every two parties by a proxy that can break; `random` chooses what breaks. */
  readonly proxies?: { readonly random: Random; readonly betweenEtcd?: boolean };
  /** See `SandboxOptions`. */
  readonly environmentOf?: NonNullable<SandboxOptions["environmentOf"]>;
  /** See `SandboxOptions`. */
  readonly openDisks?: NonNullable<SandboxOptions["openDisks"]>;
  /** Requests share connections. Default false: a kept one to a node that was killed fails the next request. */
  readonly keepAlive?: boolean;
}

/** What the nodes want of those who ask them. */
interface Access {
  readonly token?: string;
  readonly ca?: string;
}

/** A running cluster of a test; see the top of this file. */
export class Cluster implements AsyncDisposable {
  readonly flavour: Flavour;
  /** The node that was started as the master; with etcd another one may lead by now. */
  readonly master: ClusterNode;
  /** `node2`, `node3`, … */
  readonly slaves: readonly ClusterNode[];
  readonly #sandbox: Sandbox;
  readonly #access: Access;
  readonly #dispose: () => Promise<void>;

  /** Use {@link startCluster}. */
  constructor(
    sandbox: Sandbox,
    agent: Agent,
    { access, dispose }: { readonly access: Access; readonly dispose: () => Promise<void> },
  ) {
    this.#access = access;
    this.flavour = sandbox.flavour;
    const clusterNode = (node: SandboxNode): ClusterNode => {
      const proxy = sandbox.proxies.get(`client>${node.nodeId}`);
      return new ClusterNode(
        node,
        agent,
        proxy ? `${access.ca ? "https" : "http"}://${proxy.host}:${proxy.port}` : null,
      );
    };
    this.master = clusterNode(sandbox.master);
    this.slaves = sandbox.slaves.map(clusterNode);
    this.#sandbox = sandbox;
    this.#dispose = dispose;
  }

  /** Throws where the cluster was started without slaves. */
  get firstSlave(): ClusterNode {
    const [first] = this.slaves;
    if (!first) throw new Error("this cluster was started without slaves");
    return first;
  }

  /** The master first. */
  get nodes(): readonly ClusterNode[] {
    return [this.master, ...this.slaves];
  }

  /** Its members, which can be killed and held still; empty unless they were asked for. */
  get etcd(): Sandbox["etcd"] {
    return this.#sandbox.etcd;
  }

  /** By their names; empty unless they were asked for. */
  get proxies(): ReadonlyMap<string, TcpProxy> {
    return this.#sandbox.proxies;
  }

  /** The proxy of that name, such as `node1>node2`; throws where there is none. */
  proxy(name: string): TcpProxy {
    const proxy = this.proxies.get(name);
    if (proxy) return proxy;
    throw new Error(`no proxy is called ${name}; there are ${[...this.proxies.keys()].join(", ") || "none"}`);
  }

  /** What stands at a node's advertised address, with proxies and etcd; throws where nothing does. */
  gate(nodeId: string): PeerGate {
    const gate = this.#sandbox.gates.get(nodeId);
    if (gate) return gate;
    throw new Error(`${nodeId} has no gate`);
  }

  /** Throws where no node has this id. */
  node(nodeId: string): ClusterNode {
    const node = this.nodes.find((one) => one.nodeId === nodeId);
    if (node) return node;
    throw new Error(`no node is called ${nodeId}`);
  }

  /** All but this one. */
  others(node: ClusterNode): readonly ClusterNode[] {
    return this.nodes.filter((one) => one !== node);
  }

  /**
   * Resolves when every other node's database server has all that the one of `from` (default: the node that was started as the master)
   * has committed by now. Throws after `timeoutMs` (default 30 s) with a message that tells who is where.
   */
  async waitForSync(timeoutMs = 30_000, from: ClusterNode = this.master): Promise<void> {
    await waitForPosition(this.flavour, { from, on: this.others(from), timeoutMs });
  }

  /** Resolves when one of these nodes says that it leads, is ready, and has an epoch above `epoch`. Throws after a minute. */
  async waitForLeader(among: readonly ClusterNode[], epoch: bigint): Promise<ClusterNode> {
    return waitForLeader(among, epoch);
  }

  /** Resolves when a master's `GET /cluster` shows every other node up and without lag, with the master's node id. */
  async waitUntilReplicating(timeoutMs = 60_000): Promise<string> {
    return (await waitUntilReplicating(this.#sandbox, { timeoutMs, ...this.#access })).leader;
  }

  /** What each node's database server holds, by node id: for every table of users its definition and `CHECKSUM TABLE`. */
  async checksums(): Promise<Readonly<Record<string, Checksums>>> {
    const entries = await Promise.all(
      this.nodes.map(async (node) => [node.nodeId, await checksumsOf(node)] as const),
    );
    return Object.fromEntries(entries);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispose();
  }
}

/** Starts a cluster and resolves when all of it replicates. A start that fails leaves nothing behind. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), `understudy-e2e-${options.flavour}-`));
  stack.defer(() => removeFolder(directory));
  const pipelining = options.keepAlive ? 1 : 0;
  const { token, authority } = options;
  const access = { ...(token === undefined ? {} : { token }), ...(authority ? { ca: authority.ca } : {}) };
  const connect = { timeout: 5_000, ...(authority ? { ca: authority.ca } : {}) };
  const agent = stack.adopt(new Agent({ pipelining, connect }), (it) => it.destroy());
  const kill = new AbortController();
  const bundles = process.env["UNDERSTUDY_TEST_BUNDLES"];
  const sandbox = stack.use(
    await openSandbox({
      directory,
      flavour: options.flavour,
      slaves: options.slaves ?? 2,
      port: 0,
      etcd: options.etcd ?? 0,
      logLevel: options.logLevel ?? "debug",
      durability: "relaxed",
      nodeEnvironment: options.environment ?? {},
      supervise: false,
      killSignal: kill.signal,
      ...(bundles ? { bundles } : {}),
      ...(authority ? { authority } : {}),
      ...(options.proxies ? { proxies: options.proxies } : {}),
      ...(options.environmentOf ? { environmentOf: options.environmentOf } : {}),
      // what is to fill up small disks must not be sparse
      ...(options.openDisks ? { openDisks: options.openDisks } : { templates: TEST_TEMPLATES }),
    }),
  );
  await waitUntilReplicating(sandbox, access);
  const owned = stack.move();
  return new Cluster(sandbox, agent, {
    access,
    dispose: async () => {
      // what is thrown away need not be shut down in order; tests of an orderly stop call `stop()` themselves
      kill.abort();
      await owned.disposeAsync();
    },
  });
}

async function removeFolder(directory: string): Promise<void> {
  if (process.env["UNDERSTUDY_E2E_KEEP"]) process.stderr.write(`kept ${directory}\n`);
  else await rm(directory, { recursive: true, force: true });
}
