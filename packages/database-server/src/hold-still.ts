import { readdir, readFile } from "node:fs/promises";
import { systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

const TIMEOUT_MS = 10_000;
const POLL_MS = 1;
/** Stopped by a signal or by a tracer, or on its way out of the process table. */
const STILL_STATES = "TtZX";

/**
 * Sends SIGSTOP and resolves when every thread of the process has stopped (or the process is gone): from then on it does nothing
 * any more, although its connections stay open. Without /proc (macOS) it resolves at once. Throws `timeout` after 10 s.
 */
export async function holdStill(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGSTOP");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return;
    throw error;
  }
  const deadline = systemClock.monotonicMs() + TIMEOUT_MS;
  while (!(await isStill(pid))) {
    if (systemClock.monotonicMs() >= deadline)
      throw new UnderstudyError("timeout", `process ${pid} did not stop within ${TIMEOUT_MS} ms of SIGSTOP`);
    await systemClock.sleep(POLL_MS);
  }
}

async function isStill(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const states = await Promise.all(threads.map((thread) => stateOf(pid, thread)));
  return states.every((state) => STILL_STATES.includes(state));
}

/** One letter; that of a dead thread where it is gone. */
async function stateOf(pid: number, thread: string): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, "utf8");
    return stat.charAt(stat.lastIndexOf(")") + 2);
  } catch {
    return "X";
  }
}
