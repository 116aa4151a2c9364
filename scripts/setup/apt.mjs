import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const APT_TIMEOUT_MS = 600_000;
const TAIL_LINES = 12;

/** Installs Debian packages without what they recommend and without a question. Throws an Error with the end of apt's output. */
export function installWithApt(packages) {
  // a stale list is no reason to give up: what it names may still be there
  runApt(["update"]);
  const result = runApt(["install", "--yes", "--no-install-recommends", ...packages]);
  if (result.status === 0) return;
  throw new Error(
    `installing ${packages.join(" and ")} with apt-get failed; it ended with:\n${tailOf(result)}`,
  );
}

/** Puts the file of a Debian package into a folder and installs nothing. Throws an Error with the end of apt's output. */
export function downloadWithApt(packageName, folder) {
  runApt(["update"]);
  const result = runApt(["download", packageName], folder);
  if (result.status === 0) return;
  throw new Error(`downloading ${packageName} with apt-get failed; it ended with:\n${tailOf(result)}`);
}

function tailOf({ stdout, stderr }) {
  return `${stdout}${stderr}`.trim().split("\n").slice(-TAIL_LINES).join("\n");
}

/** True where a program of this name can be started. */
export function isOnPath(program) {
  return pathOf(program) !== undefined;
}

/** @returns {string | undefined} Where a program of this name is found. */
export function pathOf(program) {
  const paths = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function runApt(programArguments, cwd) {
  return spawnSync("apt-get", ["-o", "DPkg::Lock::Timeout=120", "--quiet", ...programArguments], {
    cwd,
    encoding: "utf8",
    timeout: APT_TIMEOUT_MS,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_SUSPEND: "1" },
  });
}
