import { readFile } from "node:fs/promises";
import { systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { commandLineHas, isProcessAlive } from "./process-identity.ts";

const TERM_WAIT_MS = 20_000;
const KILL_WAIT_MS = 5_000;
const POLL_MS = 50;

/**
 * Ends the process that a pid file names, where it still runs and is ours by its command line: what a killed parent left
 * behind. First with SIGTERM, then with SIGKILL. Throws `database-unavailable` where it will not go.
 */
export async function endLeftover(pidFile: string, commandLineText: string): Promise<void> {
  const pid = await readPid(pidFile);
  if (pid === null || !(await isProcessAlive(pid)) || !(await commandLineHas(pid, commandLineText))) return;
  process.kill(pid, "SIGCONT");
  process.kill(pid, "SIGTERM");
  if (await isGoneWithin(pid, TERM_WAIT_MS)) return;
  process.kill(pid, "SIGKILL");
  if (await isGoneWithin(pid, KILL_WAIT_MS)) return;
  throw new UnderstudyError(
    "database-unavailable",
    `process ${pid}, left over from an earlier run, does not end`,
  );
}

async function readPid(pidFile: string): Promise<number | null> {
  try {
    const pid = Number.parseInt(await readFile(pidFile, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}

async function isGoneWithin(pid: number, waitMs: number): Promise<boolean> {
  const deadline = systemClock.monotonicMs() + waitMs;
  while (systemClock.monotonicMs() < deadline) {
    if (!(await isProcessAlive(pid))) return true;
    await systemClock.sleep(POLL_MS);
  }
  return false;
}
