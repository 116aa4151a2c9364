import { spawnSync } from "node:child_process";
import { installWithApt, isOnPath, pathOf } from "./apt.mjs";

/** Where Debian's and others' browsers are found, the first that runs counts. */
const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];

/**
 * Makes sure that a browser for the tests of `/docs` is on this machine: installs Debian's, without what it recommends, where
 * that needs no question (root with apt-get on Linux). Throws an Error with one sentence otherwise.
 *
 * @param {{log: (line: string) => void}} options
 * @returns {Promise<void>}
 */
export async function ensureChromium({ log }) {
  if (installedChromium()) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !isOnPath("apt-get")) {
    throw new Error(
      "no Chromium was found: install it (Debian: `sudo apt-get install chromium`), or name one in UNDERSTUDY_CHROMIUM",
    );
  }
  log("no browser found: installing chromium with apt-get …");
  const startedMs = performance.now();
  installWithApt(["chromium"]);
  if (!installedChromium()) throw new Error("chromium was installed, but does not start");
  log(`chromium installed in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}

/** @returns {string | undefined} The path of the browser that the tests use. */
export function installedChromium() {
  const named = process.env.UNDERSTUDY_CHROMIUM;
  const candidates = named ? [named] : PROGRAMS.map(pathOf);
  return candidates.find(
    (path) => path && spawnSync(path, ["--version"], { stdio: "ignore", timeout: 30_000 }).status === 0,
  );
}
