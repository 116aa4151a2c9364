import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** `await using`, which the code is written with, needs 24; type stripping alone would be content with 22.18. */
const MAJOR_MIN = 24;

/**
 * Path of a Node that runs the TypeScript sources: the one among the installed packages (Linux on x64 and arm64), else the
 * Node that runs this script, where it is new enough. Call it after `ensurePackages`. Throws an Error with one sentence.
 *
 * @returns {string}
 */
export function node24Path() {
  const packaged = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(packaged) && runs(packaged)) return packaged;
  if (Number(process.versions.node.split(".")[0]) >= MAJOR_MIN) return process.execPath;
  throw new Error(
    `Understudy needs Node ${MAJOR_MIN} or later on this system (${process.platform} ${process.arch}), and this is ${process.version}: get it from https://nodejs.org`,
  );
}

/** False for a file of another C library (Alpine), which is there but can't be started. */
function runs(path) {
  return spawnSync(path, ["--version"], { stdio: "ignore", timeout: 10_000 }).status === 0;
}
