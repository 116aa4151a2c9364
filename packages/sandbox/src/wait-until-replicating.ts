import { createNodeClient, type NodeClient } from "@understudy/client";
import { messageOf, systemClock } from "@understudy/kernel";
import { UnderstudyError, type ClusterView } from "@understudy/protocol";

/** The nodes that are waited for; a `Sandbox` is one. */
export interface Replicating {
  readonly master: { readonly url: string };
  readonly slaves: readonly { readonly nodeId: string }[];
}

const POLL_MS = 50;
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Resolves when the master's `GET /cluster` shows every slave up and without lag, and the master itself is well. Throws
 * `timeout` after `timeoutMs` (default 60 s) with a sentence that tells who is where, or the signal's reason.
 */
export async function waitUntilReplicating(
  sandbox: Replicating,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const deadline = systemClock.monotonicMs() + timeoutMs;
  await using master = createNodeClient({ url: sandbox.master.url, timeoutMs: REQUEST_TIMEOUT_MS });
  for (;;) {
    options.signal?.throwIfAborted();
    const missing = await missingOf(master, sandbox.slaves);
    if (missing === null) return;
    if (systemClock.monotonicMs() >= deadline) {
      throw new UnderstudyError(
        "timeout",
        `not every node replicated within ${timeoutMs / 1000} s: ${missing}`,
      );
    }
    await systemClock.sleep(POLL_MS, options.signal);
  }
}

/** Who is not there yet and why, in words; null when all are. */
async function missingOf(master: NodeClient, slaves: Replicating["slaves"]): Promise<string | null> {
  try {
    const { status } = await master.ping();
    if (status !== "ok") return `the master is ${status}`;
    const view = await master.cluster();
    const missing = slaves.flatMap(({ nodeId }) => {
      const lack = lackOf(view, nodeId);
      return lack === null ? [] : [`${nodeId} ${lack}`];
    });
    return missing.length === 0 ? null : missing.join("; ");
  } catch (error) {
    return `the master does not answer (${messageOf(error)})`;
  }
}

/** What a slave lacks in the master's view; null where it lacks nothing. */
function lackOf(view: ClusterView, nodeId: string): string | null {
  const member = view.members.find((candidate) => candidate.nodeId === nodeId);
  if (!member) return "has not joined";
  if (member.state !== "up") return `is ${member.state} (${member.reason})`;
  if (member.lag.transactions !== 0)
    return `is ${member.lag.transactions ?? "an unknown number of"} transactions behind`;
  return null;
}
