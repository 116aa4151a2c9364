import { readFile } from "node:fs/promises";

/** What `/proc` counts in, on every Linux. */
const TICKS_PER_SECOND = 100;
/** Positions in /proc/<pid>/stat after the program's name: time in its own code and in the kernel's. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/** Processor seconds that processes have used so far, together; one that does not run counts as nothing. Linux; 0 elsewhere. */
export async function processorSecondsOf(pids: readonly (number | null)[]): Promise<number> {
  const times = await Promise.all(pids.map(secondsOf));
  return times.reduce((sum, seconds) => sum + seconds, 0);
}

async function secondsOf(pid: number | null): Promise<number> {
  if (pid === null) return 0;
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // the name may hold spaces, and is in parentheses
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
