import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { node24Path } from "./node-24.mjs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
/** npm passes on a Ctrl-C that the terminal has sent to everyone already: what comes within this time is one wish. */
const SAME_WISH_MS = 300;
/** How often to look whether npm still lives. */
const PARENT_POLL_MS = 1_000;

/**
 * Runs a program on Node 24 with this terminal, and resolves with its exit code (128 + number, where a signal ended it).
 *
 * With `ownGroup` the program gets no signals from the terminal, but each of our own once, and a channel that closes
 * when this process or the npm that started it is gone, however that happens. Without it, the program shares the terminal
 * fully (raw keys), and gets only those signals that the terminal does not send to it anyway.
 *
 * @param {string} file
 * @param {readonly string[]} programArguments
 * @param {{ownGroup: boolean}} options
 * @returns {Promise<number>}
 */
export async function runNode24(file, programArguments, { ownGroup }) {
  const child = spawn(node24Path(), [file, ...programArguments], {
    stdio: ownGroup ? ["inherit", "inherit", "inherit", "ipc"] : "inherit",
    detached: ownGroup,
  });
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const nowMs = performance.now();
      if (nowMs - lastMs < SAME_WISH_MS || (!ownGroup && signal === "SIGINT")) return;
      lastMs = nowMs;
      child.kill(signal);
    });
  }
  const watch = ownGroup ? watchNpm(() => child.connected && child.disconnect()) : undefined;
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
    });
  } finally {
    clearInterval(watch);
  }
}

/** Started by npm, this process has lost its user when npm is gone: then it, or the shell between them, gets another parent. */
function watchNpm(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const before = lineage();
  return setInterval(() => {
    if (lineage() !== before) onGone();
  }, PARENT_POLL_MS);
}

/** Who stands between npm and this process: the parent, and where that is a shell, the shell's parent as well. */
function lineage() {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "latin1");
    const [, name, grandparent] = /\((.*)\) \S (\d+)/s.exec(stat) ?? [];
    return /^(ba|da|z)?sh$/.test(name ?? "") ? `${process.ppid} ${grandparent}` : String(process.ppid);
  } catch {
    return String(process.ppid);
  }
}
