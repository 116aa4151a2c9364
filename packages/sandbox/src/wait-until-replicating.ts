import { createNodeClient, type NodeClient } from "@understudy/client";
import { messageOf, systemClock } from "@understudy/kernel";
import { UnderstudyError, type ClusterView, type PingAnswer } from "@understudy/protocol";

/** The nodes that are waited for; a `Sandbox` is one. */
export interface Replicating {
  readonly nodes: readonly { readonly nodeId: string; readonly url: string }[];
}

const POLL_MS = 50;
const REQUEST_TIMEOUT_MS = 5_000;

/** How long is waited, and how the nodes are asked. */
export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly token?: string;
  /** The authority of nodes that speak `https`. */
  readonly ca?: string;
}

/** Who leads, or why not all replicate yet. */
type Look = { readonly leader: string } | { readonly missing: string };

/**
 * Resolves when a node leads and is well, and its `GET /cluster` shows every other node up and without lag; with who it is. Throws
 * `timeout` after `timeoutMs` (default 60 s) with a sentence that tells who is where, or the signal's reason.
 */
export async function waitUntilReplicating(
  sandbox: Replicating,
  options: WaitOptions = {},
): Promise<{ readonly leader: string }> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const deadline = systemClock.monotonicMs() + timeoutMs;
  await using stack = new AsyncDisposableStack();
  const nodes = sandbox.nodes.map(({ nodeId, url }) => ({
    nodeId,
    client: stack.use(
      createNodeClient({ url, token: options.token, tls: { ca: options.ca }, timeoutMs: REQUEST_TIMEOUT_MS }),
    ),
  }));
  for (;;) {
    options.signal?.throwIfAborted();
    const look = await lookAt(nodes);
    if ("leader" in look) return look;
    if (systemClock.monotonicMs() >= deadline) {
      throw new UnderstudyError(
        "timeout",
        `not every node replicated within ${timeoutMs / 1000} s: ${look.missing}`,
      );
    }
    await systemClock.sleep(POLL_MS, options.signal);
  }
}

/** A node that is waited for. */
interface AskedNode {
  readonly nodeId: string;
  readonly client: NodeClient;
}

async function lookAt(nodes: readonly AskedNode[]): Promise<Look> {
  const pings = await Promise.all(nodes.map(({ client }) => pingOf(client)));
  // an old master that has not heard of its end yet has a lower epoch
  const leading = pings.flatMap((ping, index) =>
    typeof ping === "object" && ping.role === "master" ? [{ ping, node: nodes[index] }] : [],
  );
  const [best] = leading.toSorted((a, b) => (BigInt(b.ping.epoch) > BigInt(a.ping.epoch) ? 1 : -1));
  if (!best?.node) {
    const words = pings.map((ping, index) => `${nodes[index]?.nodeId} ${wordsOf(ping)}`);
    return { missing: `no master answers (${words.join("; ")})` };
  }
  if (best.ping.status !== "ok") return { missing: `the master is ${best.ping.status}` };
  const missing = await missingOf(best.node, nodes);
  return missing === null ? { leader: best.node.nodeId } : { missing };
}

/** What a node says of itself, or why it does not. */
async function pingOf(client: NodeClient): Promise<PingAnswer | string> {
  try {
    return await client.ping();
  } catch (error) {
    return messageOf(error);
  }
}

function wordsOf(ping: PingAnswer | string): string {
  return typeof ping === "string" ? ping : `is a ${ping.role} and ${ping.status}`;
}

/** Who is not there yet and why, in words; null when all are. */
async function missingOf(leader: AskedNode, nodes: readonly AskedNode[]): Promise<string | null> {
  try {
    const view = await leader.client.cluster();
    const missing = nodes.flatMap(({ nodeId }) => {
      const lack = nodeId === leader.nodeId ? null : lackOf(view, nodeId);
      return lack === null ? [] : [`${nodeId} ${lack}`];
    });
    return missing.length === 0 ? null : missing.join("; ");
  } catch (error) {
    return `the master does not answer (${messageOf(error)})`;
  }
}

/** What a slave lacks in the leader's view; null where it lacks nothing. */
function lackOf(view: ClusterView, nodeId: string): string | null {
  const member = view.members.find((candidate) => candidate.nodeId === nodeId);
  if (!member) return "has not joined";
  if (member.state !== "up") return `is ${member.state} (${member.reason})`;
  if (member.lag.transactions !== 0)
    return `is ${member.lag.transactions ?? "an unknown number of"} transactions behind`;
  return null;
}
