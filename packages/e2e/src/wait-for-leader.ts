import { messageOf, systemClock } from "@understudy/kernel";
import type { ClusterNode } from "./cluster-node.ts";

const POLL_MS = 50;
const TIMEOUT_MS = 60_000;

/**
 * Resolves when one of these nodes says that it leads, is ready, and has an epoch above `epoch`. Throws after a minute with what each of
 * them said last.
 */
export async function waitForLeader(among: readonly ClusterNode[], epoch: bigint): Promise<ClusterNode> {
  const deadline = systemClock.monotonicMs() + TIMEOUT_MS;
  for (;;) {
    const words = await Promise.all(among.map(wordOf));
    const leaders = words.flatMap((word) => (word.isLeader && word.epoch > epoch ? [word] : []));
    const [best] = leaders.toSorted((a, b) => (b.epoch > a.epoch ? 1 : -1));
    if (best) return best.node;
    if (systemClock.monotonicMs() > deadline) {
      const all = words.map(({ node, text }) => `${node.nodeId} says ${text}`).join("; ");
      throw new Error(`nobody leads after epoch ${epoch}: ${all}`);
    }
    await systemClock.sleep(POLL_MS);
  }
}

interface Word {
  readonly node: ClusterNode;
  readonly isLeader: boolean;
  readonly epoch: bigint;
  readonly text: string;
}

async function wordOf(node: ClusterNode): Promise<Word> {
  try {
    const { status, body, text } = await node.get("/ping");
    const isLeader = status === 200 && body["role"] === "master" && body["status"] === "ok";
    return { node, isLeader, epoch: isLeader ? BigInt(String(body["epoch"])) : 0n, text };
  } catch (error) {
    return { node, isLeader: false, epoch: 0n, text: messageOf(error) };
  }
}
