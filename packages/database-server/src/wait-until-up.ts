import { messageOf, systemClock } from "@understudy/kernel";
import { UnderstudyError, type ErrorCode } from "@understudy/protocol";

const POLL_MS = 25;
const PROBE_TIMEOUT_MS = 1_000;

/** What is needed to wait for a program and to say what went wrong. */
export interface UpWait {
  /** Who it is, for messages. */
  readonly name: string;
  /** Resolves with null when it is up, else with what it lacks; may throw. Bounded by the signal. */
  readonly probe: (signal: AbortSignal) => Promise<string | null>;
  readonly isGone: () => boolean;
  readonly lastWords: () => Promise<string>;
  readonly timeoutMs: number;
  /** What is thrown. Default `starting`. */
  readonly code?: ErrorCode;
}

/** Resolves when the program is up; throws `code` when its process ends or time runs out. */
export async function waitUntilUp(wait: UpWait): Promise<void> {
  const deadline = systemClock.monotonicMs() + wait.timeoutMs;
  const code = wait.code ?? "starting";
  let last = "it never answered";
  while (systemClock.monotonicMs() < deadline) {
    if (wait.isGone()) {
      const words = (await wait.lastWords()) || "it said nothing";
      throw new UnderstudyError(code, `${wait.name} ended while it started: ${words}`);
    }
    try {
      const lack = await wait.probe(AbortSignal.timeout(PROBE_TIMEOUT_MS));
      if (lack === null) return;
      last = lack;
    } catch (error) {
      last = messageOf(error);
    }
    await systemClock.sleep(POLL_MS);
  }
  throw new UnderstudyError(
    code,
    `${wait.name} did not come to life within ${wait.timeoutMs} ms (${last}): ${await wait.lastWords()}`,
  );
}
