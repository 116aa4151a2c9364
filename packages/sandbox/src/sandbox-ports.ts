import { isPortFree, reservePort } from "@understudy/database-server";
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
