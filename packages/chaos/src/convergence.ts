import type { ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";
import { findLeader } from "./lead-sampler.ts";

const WITHIN_MS = 60_000;
/** A node that refuses by its own word will not come back, however long one waits. */
const REFUSED_MS = 12_000;
const POLL_MS = 150;
const ASK_MS = 2_000;

/** What the leader says of one node. */
interface Place {
  readonly nodeId: string;
  readonly isIn: boolean;
  readonly isRefused: boolean;
  readonly words: string;
}

/**
 * Waits until a node leads and sees all others up and without lag, 60 s at most, and less for one that can't come back. Resolves with the
 * nodes that are not there, each with the reason.
 */
export async function convergence(
  nodes: readonly ClusterNode[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const beganMs = systemClock.monotonicMs();
  for (;;) {
    const places = await placesOf(nodes);
    const missing = places.filter(({ isIn }) => !isIn);
    const tookMs = systemClock.monotonicMs() - beganMs;
    const isHopeless = missing.every(({ isRefused }) => isRefused) && tookMs > REFUSED_MS;
    if (missing.length === 0 || isHopeless || tookMs > WITHIN_MS) return missing.map(({ words }) => words);
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

async function placeOf(
  node: ClusterNode,
  members: readonly Readonly<Record<string, unknown>>[],
): Promise<Place> {
  const { nodeId } = node;
  const member = members.find((one) => one["nodeId"] === nodeId);
  const lag = member?.["lag"];
  const behind =
    typeof lag === "object" && lag !== null ? (lag as Record<string, unknown>)["transactions"] : null;
  if (member?.["state"] === "up" && typeof behind === "number") {
    // writers go on: somebody is always a little behind
    return { ...place(nodeId, `is ${behind} transactions behind`), isIn: behind < 200 };
  }
  const own = (await membersOf(node)).find((one) => one["nodeId"] === nodeId);
  const words = `is ${String(member?.["state"] ?? "unknown to the master")} (${String(member?.["reason"] ?? "")}); by its own word ${String(own?.["state"] ?? "nothing")} (${String(own?.["reason"] ?? "")})`;
  return { ...place(nodeId, words), isRefused: words.includes("not part of") || words.includes("snapshot") };
}

function place(nodeId: string, words: string): Place {
  return { nodeId, isIn: false, isRefused: false, words: `${nodeId} ${words}` };
}

async function membersOf(node: ClusterNode): Promise<readonly Readonly<Record<string, unknown>>[]> {
  try {
    const { body } = await node.get("/cluster", { timeoutMs: ASK_MS });
    return Array.isArray(body["members"]) ? body["members"] : [];
  } catch {
    return [];
  }
}
