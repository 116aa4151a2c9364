import { installWithApt, isOnPath } from "./apt.mjs";

/**
 * Makes sure that tmux is on this machine, in which tests sit at the dashboard: installs it where that needs no question (root with
 * apt-get). Throws an Error with one sentence otherwise.
 *
 * @param {{log: (line: string) => void}} options
 * @returns {Promise<void>}
 */
export async function ensureTmux({ log }) {
  if (isOnPath("tmux")) return;
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) {
    throw new Error("no tmux was found: install it (Debian: `sudo apt-get install tmux`)");
  }
  log("no tmux found: installing it with apt-get …");
  installWithApt(["tmux"]);
  if (!isOnPath("tmux")) throw new Error("tmux was installed, but is not found");
}
