import { reservePort, type DatabaseServer } from "@understudy/database-server";
import type { EtcdMember } from "@understudy/etcd-server";
import { systemRandom, type Random } from "@understudy/kernel";
import { PeerGate } from "./peer-gate.ts";
import { HOST } from "./port-listener.ts";
import type { NodePlan } from "./sandbox-folder.ts";
import { openTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** What is to be joined by proxies. Without etcd the first node is the master at first. */
export interface NetworkPlan {
  readonly nodes: readonly NodePlan[];
  /** In the order of the nodes. */
  readonly databases: readonly Pick<DatabaseServer, "url" | "host" | "port">[];
  /** Empty where none is used. */
  readonly etcd: readonly Pick<EtcdMember, "name" | "host" | "port">[];
  /** Where a node's process id stands while it runs. */
  readonly pidFileOf: (nodeId: string) => string;
  readonly random?: Random;
  /** How nodes and etcd are spoken to. Default `http`; a proxy passes on either. */
  readonly scheme?: "http" | "https";
}

/** What a node's process is to be started with. */
export interface NodeLinks {
  /** Settings that make the node speak through its proxies. */
  readonly environment: Readonly<Record<string, string>>;
  /** The address under which all other nodes know it, where that has to come and go with its process. */
  readonly gate: PeerGate | null;
}

/**
 * A proxy between every two parties, by its name: `client>node2`, `node2>node1` (what a slave sends to its master), `node1>node2`
 * (deliveries), `node2>database2`. With etcd also `node2>etcd1`, and `node2>node3` between every two nodes, since any may lead.
 */
export interface NetworkLinks {
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  readonly of: (nodeId: string) => NodeLinks;
  /** By node id; empty without etcd. */
  readonly gates: ReadonlyMap<string, PeerGate>;
}

/** Opens the proxies; `stack` ends them. */
export async function openNetworkLinks(
  stack: AsyncDisposableStack,
  plan: NetworkPlan,
): Promise<NetworkLinks> {
  const opener = new LinkOpener(stack, plan);
  const links = new Map<string, NodeLinks>();
  for (const [index, node] of plan.nodes.entries()) {
    await opener.join(`client>${node.nodeId}`, { host: HOST, port: node.port });
    links.set(node.nodeId, {
      environment: {
        ...(await databaseThrough(opener, index)),
        ...(plan.etcd.length > 0 ? await etcdThrough(opener, node) : await masterThrough(opener, node)),
      },
      gate: null,
    });
  }
  const gates = new Map<string, PeerGate>();
  if (plan.etcd.length > 0) {
    for (const node of plan.nodes) {
      const gate = await gateBefore(opener, node);
      const environment = { ...links.get(node.nodeId)?.environment, ...advertised(opener, gate.port) };
      links.set(node.nodeId, { environment, gate });
      gates.set(node.nodeId, gate);
    }
  }
  return {
    proxies: opener.proxies,
    gates,
    of: (nodeId) => links.get(nodeId) ?? { environment: {}, gate: null },
  };
}

/** Opens proxies on ports of their own and keeps them by their names. */
class LinkOpener {
  readonly proxies = new Map<string, TcpProxy>();
  readonly plan: NetworkPlan;
  readonly #stack: AsyncDisposableStack;

  constructor(stack: AsyncDisposableStack, plan: NetworkPlan) {
    this.plan = plan;
    this.#stack = stack;
  }

  /** The URL of a port of this machine. */
  urlOf(port: number): string {
    return `${this.plan.scheme ?? "http"}://${HOST}:${port}`;
  }

  async reserve(): Promise<number> {
    const except = this.plan.nodes.flatMap((node) => [node.port, node.databasePort]);
    return this.#stack.use(await reservePort({ except })).port;
  }

  /** A proxy that listens, or, on the port of a gate, one that is handed its connections. */
  async join(
    name: string,
    target: { readonly host: string; readonly port: number },
    gatePort?: number,
  ): Promise<TcpProxy> {
    const place =
      gatePort === undefined ? { port: await this.reserve() } : { port: gatePort, listens: false };
    const random = this.plan.random ?? systemRandom;
    const proxy = this.#stack.use(await openTcpProxy({ target, random, ...place }));
    this.proxies.set(name, proxy);
    return proxy;
  }

  own<T extends AsyncDisposable>(resource: T): T {
    return this.#stack.use(resource);
  }
}

async function databaseThrough(opener: LinkOpener, index: number): Promise<Record<string, string>> {
  const node = opener.plan.nodes[index];
  const database = opener.plan.databases[index];
  if (!node || !database) return {};
  const { port } = await opener.join(`${node.nodeId}>database${index + 1}`, database);
  return { UNDERSTUDY_DATABASE_URL: throughPort(database.url, port) };
}

/** Without etcd: one way to the master and one from it. */
async function masterThrough(opener: LinkOpener, node: NodePlan): Promise<Record<string, string>> {
  const [master] = opener.plan.nodes;
  if (!master || node === master) return {};
  const toMaster = await opener.join(`${node.nodeId}>${master.nodeId}`, { host: HOST, port: master.port });
  const toSlave = await opener.join(`${master.nodeId}>${node.nodeId}`, { host: HOST, port: node.port });
  return { UNDERSTUDY_MASTER_URL: opener.urlOf(toMaster.port), ...advertised(opener, toSlave.port) };
}

async function etcdThrough(opener: LinkOpener, node: NodePlan): Promise<Record<string, string>> {
  const urls: string[] = [];
  for (const member of opener.plan.etcd) {
    const { port } = await opener.join(`${node.nodeId}>${member.name}`, member);
    urls.push(opener.urlOf(port));
  }
  return { UNDERSTUDY_ETCD: urls.join(",") };
}

/** A node advertises one address, so what sorts its peers into their proxies stands there. */
async function gateBefore(opener: LinkOpener, node: NodePlan): Promise<PeerGate> {
  const port = await opener.reserve();
  const target = { host: HOST, port: node.port };
  const peers: { pidFile: string; proxy: TcpProxy }[] = [];
  for (const peer of opener.plan.nodes) {
    if (peer === node) continue;
    const proxy = await opener.join(`${peer.nodeId}>${node.nodeId}`, target, port);
    peers.push({ pidFile: opener.plan.pidFileOf(peer.nodeId), proxy });
  }
  const others = await opener.join(`others>${node.nodeId}`, target, port);
  return opener.own(new PeerGate({ port, peers, others }));
}

function advertised(opener: LinkOpener, port: number): Record<string, string> {
  return { UNDERSTUDY_ADVERTISED_URL: opener.urlOf(port) };
}

function throughPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl);
  url.port = String(port);
  return url.href;
}
