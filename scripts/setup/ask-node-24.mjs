import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { node24Path } from "./node-24.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Runs a few lines of a module that may import TypeScript, in a Node 24 of its own, and returns the JSON that they print. Call it
 * after `ensurePackages`.
 *
 * @param {string} program
 * @returns {any}
 */
export function askNode24(program) {
  const result = spawnSync(node24Path(), ["--input-type=module", "--eval", program], {
    cwd: root,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (result.status !== 0)
    throw new Error(`looking for what is installed failed: ${result.stderr || result.error}`);
  return JSON.parse(result.stdout);
}

/** The address of a source file, by its path from the root, as an import wants it: quoted. @param {string} path */
export function sourceUrl(path) {
  return JSON.stringify(pathToFileURL(join(root, path)).href);
}
