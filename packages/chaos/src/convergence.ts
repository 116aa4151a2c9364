import { createNodeClient } from "@understudy/client";
import type { ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";
import type { Member } from "@understudy/protocol";
import { findLeader } from "./lead-sampler.ts";

/** How long a cluster may take, where a fault does not say otherwise. */
export const BACK_WITHIN_MS = 60_000;
const BEHIND_MAX = 200;
const POLL_MS = 150;
const ASK_MS = 2_000;

/** What the leader says of one node. */
interface Place {
  readonly nodeId: string;
  readonly isIn: boolean;
  readonly words: string;
}

/**
 * Waits until a node leads and sees all others up and close behind, `withinMs` (default a minute) at most. Resolves with the nodes that are not there, each with
 * the reason.
 */
export async function convergence(
  nodes: readonly ClusterNode[],
  signal: AbortSignal,
  withinMs = BACK_WITHIN_MS,
): Promise<readonly string[]> {
  const beganMs = systemClock.monotonicMs();
  for (;;) {
    const places = await placesOf(nodes);
    const missing = places.filter(({ isIn }) => !isIn);
    const tookMs = systemClock.monotonicMs() - beganMs;
    if (missing.length === 0 || tookMs > withinMs) return missing.map(({ words }) => words);
    await systemClock.sleep(POLL_MS, signal);
  }
}

async function placesOf(nodes: readonly ClusterNode[]): Promise<readonly Place[]> {
  const leader = await findLeader(nodes);
  if (!leader) return nodes.map(({ nodeId }) => place(nodeId, "is there, but nobody leads"));
  const members = await membersOf(leader);
  const others = nodes.filter((node) => node !== leader);
  return Promise.all(others.map((node) => placeOf(node, members)));
}

async function placeOf(node: ClusterNode, members: readonly Member[]): Promise<Place> {
  const { nodeId } = node;
  const member = members.find((one) => one.nodeId === nodeId);
  const behind = member?.lag.transactions ?? null;
  if (member?.state === "up" && behind !== null) {
    // writers go on: somebody is always a little behind
    return { ...place(nodeId, `is ${behind} transactions behind`), isIn: behind < BEHIND_MAX };
  }
  const own = (await membersOf(node)).find((one) => one.nodeId === nodeId);
  return place(nodeId, `is ${wordsOf(member)} by the master's word, ${wordsOf(own)} by its own`);
}

function wordsOf(member: Member | undefined): string {
  return member ? `${member.state} (${member.reason})` : "unknown";
}

function place(nodeId: string, words: string): Place {
  return { nodeId, isIn: false, words: `${nodeId} ${words}` };
}

async function membersOf({ url }: ClusterNode): Promise<readonly Member[]> {
  try {
    await using client = createNodeClient({ url });
    return (await client.cluster({ timeoutMs: ASK_MS })).members;
  } catch {
    return [];
  }
}
