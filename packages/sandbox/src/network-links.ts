import { reservePort, type DatabaseServer } from "@understudy/database-server";
import { systemRandom, type Random } from "@understudy/kernel";
import type { NodePlan } from "./sandbox-folder.ts";
import { openTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** What is to be joined by proxies. The first node is the master. */
export interface NetworkPlan {
  readonly nodes: readonly NodePlan[];
  /** In the order of the nodes. */
  readonly databases: readonly Pick<DatabaseServer, "url" | "host" | "port">[];
  readonly random?: Random;
}

/**
 * A proxy between every two parties, by its name: `client>node2`, `node2>node1` (what a slave sends to its master), `node1>node2`
 * (deliveries), `node2>database2`.
 */
export interface NetworkLinks {
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  /** Settings that make a node speak through its proxies. */
  readonly environmentOf: (nodeId: string) => Readonly<Record<string, string>>;
}

const HOST = "127.0.0.1";

/** Opens the proxies; `stack` ends them. */
export async function openNetworkLinks(
  stack: AsyncDisposableStack,
  plan: NetworkPlan,
): Promise<NetworkLinks> {
  const proxies = new Map<string, TcpProxy>();
  const environments = new Map<string, Record<string, string>>();
  const except = plan.nodes.flatMap((node) => [node.port, node.databasePort]);
  const random = plan.random ?? systemRandom;
  const join = async (name: string, target: { host: string; port: number }): Promise<TcpProxy> => {
    const { port } = stack.use(await reservePort({ except }));
    const proxy = stack.use(await openTcpProxy({ target, port, random }));
    proxies.set(name, proxy);
    return proxy;
  };
  const [master] = plan.nodes;
  for (const [index, node] of plan.nodes.entries()) {
    const database = plan.databases[index];
    if (!master || !database) continue;
    const environment: Record<string, string> = {};
    await join(`client>${node.nodeId}`, { host: HOST, port: node.port });
    const toDatabase = await join(`${node.nodeId}>database${index + 1}`, database);
    environment["UNDERSTUDY_DATABASE_URL"] = throughPort(database.url, toDatabase.port);
    if (node !== master) {
      const toMaster = await join(`${node.nodeId}>${master.nodeId}`, { host: HOST, port: master.port });
      const toSlave = await join(`${master.nodeId}>${node.nodeId}`, { host: HOST, port: node.port });
      environment["UNDERSTUDY_MASTER_URL"] = `http://${HOST}:${toMaster.port}`;
      environment["UNDERSTUDY_ADVERTISED_URL"] = `http://${HOST}:${toSlave.port}`;
    }
    environments.set(node.nodeId, environment);
  }
  return { proxies, environmentOf: (nodeId) => environments.get(nodeId) ?? {} };
}

function throughPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl);
  url.port = String(port);
  return url.href;
}
