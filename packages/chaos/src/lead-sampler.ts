import type { ClusterNode } from "@understudy/e2e";
import { BackgroundLoop, isAbortOf, systemClock } from "@understudy/kernel";
import type { LeadSample } from "./lead-check.ts";

const PAUSE_MS = 60;
const ASK_MS = 1_500;
const LEADER_MS = 30_000;

/** Asks every node, again and again until disposal, whether it leads with a valid lease and under which epoch. */
export class LeadSampler implements AsyncDisposable {
  readonly #samples: LeadSample[] = [];
  readonly #loops: readonly BackgroundLoop[];

  constructor(nodes: readonly ClusterNode[]) {
    this.#loops = nodes.map(
      (node) =>
        new BackgroundLoop(
          (signal) => this.#run(node, signal),
          () => undefined,
        ),
    );
  }

  get samples(): readonly LeadSample[] {
    return this.#samples;
  }

  async #run(node: ClusterNode, signal: AbortSignal): Promise<void> {
    let before = await masterEpoch(node);
    while (!signal.aborted) {
      try {
        await systemClock.sleep(PAUSE_MS, signal);
      } catch (error) {
        if (!isAbortOf(error, signal)) throw error;
        return;
      }
      // a slave is asked for its role only
      const sample = before === null ? null : await sampleOf(node);
      const after = await masterEpoch(node);
      // the same epoch before and after: that one it led in
      if (sample && before !== null && before === after) this.#samples.push({ ...sample, epoch: before });
      before = after;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
  }
}

/** The node that leads with a valid lease now; null where none says so. */
export async function findLeader(nodes: readonly ClusterNode[]): Promise<ClusterNode | null> {
  const asked = await Promise.all(nodes.map(async (node) => ((await sampleOf(node)) ? node : null)));
  return asked.find((node) => node !== null) ?? null;
}

/** As {@link findLeader}, as soon as one says so. Throws where nobody leads within 30 s. */
export async function awaitLeader(nodes: readonly ClusterNode[]): Promise<ClusterNode> {
  const deadlineMs = systemClock.monotonicMs() + LEADER_MS;
  for (;;) {
    const leader = await findLeader(nodes);
    if (leader) return leader;
    if (systemClock.monotonicMs() > deadlineMs) throw new Error("no node leads");
    await systemClock.sleep(PAUSE_MS);
  }
}

async function masterEpoch(node: ClusterNode): Promise<bigint | null> {
  try {
    const { status, body } = await node.get("/ping", { timeoutMs: ASK_MS });
    return status === 200 && body["role"] === "master" ? BigInt(String(body["epoch"])) : null;
  } catch {
    return null;
  }
}

async function sampleOf(node: ClusterNode): Promise<Omit<LeadSample, "epoch"> | null> {
  const askedMs = systemClock.monotonicMs();
  try {
    const { status } = await node.get("/health/master", { timeoutMs: ASK_MS });
    return status === 200 ? { nodeId: node.nodeId, askedMs, toldMs: systemClock.monotonicMs() } : null;
  } catch {
    return null;
  }
}
