import { readFile } from "node:fs/promises";

/** True while a process of this id exists (a zombie counts as gone). */
export async function isProcessAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  const state = await readProc(pid, "stat");
  return state === null || !/^\d+ \(.*\) Z/s.test(state);
}

/** True where the process's command line holds `text`; guards against a process id that was given out again. */
export async function commandLineHas(pid: number, text: string): Promise<boolean> {
  const commandLine = await readProc(pid, "cmdline");
  // without /proc (macOS) the id alone has to do
  return commandLine === null
    ? process.platform !== "linux"
    : commandLine.replaceAll("\0", " ").includes(text);
}

/** When a process began, in the kernel's ticks since boot; null where there is no /proc to ask. */
export async function startTimeOf(pid: number): Promise<string | null> {
  const stat = await readProc(pid, "stat");
  // the name in parentheses may hold spaces; field 22 is the 20th behind it
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

async function readProc(pid: number, file: string): Promise<string | null> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}
