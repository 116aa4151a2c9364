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
 * Resolves when the master's `GET /cluster` shows every slave up and without lag, and the master itself is ready. Throws
 * `timeout` after `timeoutMs` (default 60 s) with a sentence that tells who is where, or the signal's reason.
 */
export async function waitUntilReplicating(
  sandbox: Replicating,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const deadline = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const missing = await missingOf(sandbox);
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
async function missingOf(sandbox: Replicating): Promise<string | null> {
  let view: ClusterView;
  try {
    const ready = await get(`${sandbox.master.url}/health/ready`);
    if (ready.status !== 200) return `the master is not ready (${ready.status})`;
    const answer = await get(`${sandbox.master.url}/cluster`);
    if (answer.status !== 200) return `GET /cluster of the master answers ${answer.status}`;
    view = answer.body as ClusterView;
  } catch (error) {
    return `the master does not answer (${messageOf(error)})`;
  }
  const missing = sandbox.slaves.flatMap(({ nodeId }) => {
    const reason = lackOf(view, nodeId);
    return reason === null ? [] : [`${nodeId} ${reason}`];
  });
  return missing.length === 0 ? null : missing.join("; ");
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

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  const text = await response.text();
  return { status: response.status, body: response.status === 200 ? JSON.parse(text) : text };
}
