import { messageOf, systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

const POLL_MS = 25;
const REQUEST_TIMEOUT_MS = 1_000;

/** What is needed to wait for a node and to say what went wrong. */
export interface LiveWait {
  readonly nodeId: string;
  readonly isGone: () => boolean;
  readonly lastWords: () => Promise<string>;
  readonly timeoutMs: number;
}

/** Resolves when the node's `GET /health/live` answers 200; throws `starting` when its process ends or time runs out. */
export async function waitUntilLive(url: string, wait: LiveWait): Promise<void> {
  const deadline = systemClock.monotonicMs() + wait.timeoutMs;
  let last = "it never answered";
  while (systemClock.monotonicMs() < deadline) {
    if (wait.isGone()) {
      const words = (await wait.lastWords()) || "it said nothing";
      throw new UnderstudyError("starting", `${wait.nodeId} ended while it started: ${words}`);
    }
    try {
      const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
      await response.arrayBuffer();
      if (response.status === 200) return;
      last = `it answered ${response.status}`;
    } catch (error) {
      last = messageOf(error);
    }
    await systemClock.sleep(POLL_MS);
  }
  throw new UnderstudyError(
    "starting",
    `${wait.nodeId} did not come to life within ${wait.timeoutMs} ms (${last}): ${await wait.lastWords()}`,
  );
}
