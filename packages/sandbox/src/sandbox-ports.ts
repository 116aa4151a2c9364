import { isPortFree, reservePort } from "@understudy/database-server";
import type { EtcdPorts } from "@understudy/etcd-server";
import { UnderstudyError } from "@understudy/protocol";
import type { NodePlan } from "./sandbox-folder.ts";

/** What is to be decided. */
export interface PortWish {
  readonly nodeIds: readonly string[];
  /** The first node's port, the others follow; 0 for any free ones. */
  readonly port: number;
  /** What an earlier run had, which is kept where it is free. */
  readonly earlier: readonly NodePlan[];
}

/**
 * Decides all ports of a sandbox. Those that it chooses itself are reserved until `stack` is disposed; those that a person named
 * are taken as they are. Throws `config-invalid` where a node's wanted port is in use.
 */
export async function planPorts(stack: AsyncDisposableStack, wish: PortWish): Promise<NodePlan[]> {
  const named = wish.port === 0 ? [] : await namedPorts(wish);
  const pick = async (preferred: number | undefined): Promise<number> =>
    stack.use(await reservePort({ preferred, except: named })).port;
  const plans: NodePlan[] = [];
  for (const [index, nodeId] of wish.nodeIds.entries()) {
    const before = wish.earlier.find((plan) => plan.nodeId === nodeId);
    const port = named[index] ?? (await pick(before?.port));
    plans.push({ nodeId, port, databasePort: await pick(before?.databasePort) });
  }
  return plans;
}

async function namedPorts({ nodeIds, port: first }: PortWish): Promise<number[]> {
  const ports = nodeIds.map((_, index) => first + index);
  for (const [index, port] of ports.entries()) {
    if (port <= 65_535 && (await isPortFree(port))) continue;
    throw new UnderstudyError(
      "config-invalid",
      `port ${port}, meant for ${nodeIds[index]}, is ${port > 65_535 ? "beyond 65535" : "in use"}; choose other ports with --port (${nodeIds.length} in a row are needed, from the one that you name)`,
    );
  }
  return ports;
}

/** What is to be decided for etcd. */
export interface EtcdPortWish {
  readonly members: number;
  /** What an earlier run had; null where the folder holds no etcd. */
  readonly earlier: readonly EtcdPorts[] | null;
  /** The nodes' own ports. */
  readonly except: readonly number[];
}

/**
 * Decides the ports of etcd's members and reserves them until `stack` is disposed. Throws `config-invalid` where the folder holds
 * another number of members, or where a port is in use that several members know each other by.
 */
export async function planEtcdPorts(stack: AsyncDisposableStack, wish: EtcdPortWish): Promise<EtcdPorts[]> {
  const { members, earlier, except } = wish;
  if (earlier && earlier.length !== members) {
    throw new UnderstudyError(
      "config-invalid",
      `the folder's etcd has ${earlier.length} members, which can't become ${members}; start with --etcd ${earlier.length}, or with --fresh to begin anew`,
    );
  }
  const ports: EtcdPorts[] = [];
  for (let index = 0; index < members; index++) {
    const before = earlier?.[index];
    const client = stack.use(await reservePort({ preferred: before?.client, except })).port;
    const peer = stack.use(await reservePort({ preferred: before?.peer, except })).port;
    if (before && members > 1 && peer !== before.peer) {
      throw new UnderstudyError(
        "config-invalid",
        `port ${before.peer}, by which the other members know etcd${index + 1}, is in use; end what uses it, or start with --fresh to begin anew`,
      );
    }
    ports.push({ client, peer });
  }
  return ports;
}
