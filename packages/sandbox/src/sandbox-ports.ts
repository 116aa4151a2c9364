import { findFreePort, isPortFree } from "@understudy/database-server";
import { systemRandom, type Random } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { NodePlan } from "./sandbox-folder.ts";

/**
 * Below the range that systems give to outgoing connections: a process that was killed finds its port still free when it
 * starts again, which it might not where any client's connection may sit on it.
 */
const RANGE_START = 20_000;
const RANGE_SIZE = 12_000;
const TRIES_MAX = 200;

/** What is to be decided. */
export interface PortWish {
  readonly nodeIds: readonly string[];
  /** The first node's port, the others follow; 0 for any free ones. */
  readonly port: number;
  /** What an earlier run had, which is kept where it is free. */
  readonly earlier: readonly NodePlan[];
}

/** Decides all ports of a sandbox. Throws `config-invalid` where a node's wanted port is in use. */
export async function planPorts(wish: PortWish, random: Random = systemRandom): Promise<NodePlan[]> {
  const taken = new Set<number>();
  const pick = async (wanted: number | undefined): Promise<number> => {
    const port =
      wanted !== undefined && !taken.has(wanted) && (await isPortFree(wanted))
        ? wanted
        : await pickFreePort(taken, random);
    taken.add(port);
    return port;
  };
  const plans: NodePlan[] = [];
  for (const [index, nodeId] of wish.nodeIds.entries()) {
    const before = wish.earlier.find((plan) => plan.nodeId === nodeId);
    const port = wish.port === 0 ? await pick(before?.port) : await takeWanted(wish, index);
    taken.add(port);
    plans.push({ nodeId, port, databasePort: await pick(before?.databasePort) });
  }
  return plans;
}

async function takeWanted(wish: PortWish, index: number): Promise<number> {
  const port = wish.port + index;
  if (port <= 65_535 && (await isPortFree(port))) return port;
  throw new UnderstudyError(
    "config-invalid",
    `port ${port}, meant for ${wish.nodeIds[index]}, is ${port > 65_535 ? "beyond 65535" : "in use"}; choose other ports with --port (${wish.nodeIds.length} in a row are needed, from the one that you name)`,
  );
}

/** A port of the sandboxes' range that is free and not in `taken`. */
export async function pickFreePort(taken: ReadonlySet<number>, random: Random): Promise<number> {
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const port = RANGE_START + Math.floor(random() * RANGE_SIZE);
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  return findFreePort();
}
