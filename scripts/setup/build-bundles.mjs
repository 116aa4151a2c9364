import { execFile } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { node24Path } from "./node-24.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDER = join(root, "node_modules", ".cache", "understudy-bundles");
const APPS = ["master", "slave"];
const TIMEOUT_MS = 240_000;

const run = promisify(execFile);

/**
 * Builds the bundles of the nodes as images hold them, anew each time, so that they are those of the sources as they are. Resolves with the
 * folder that they are in, `master/main.mjs` and `slave/main.mjs`. Rejects with what the bundler said. Needs the installed packages.
 *
 * @param {{ log: (line: string) => void }} options
 * @returns {Promise<string>}
 */
export async function buildBundles({ log }) {
  const startedMs = performance.now();
  const environment = {
    ...process.env,
    PATH: `${dirname(node24Path())}${delimiter}${process.env.PATH ?? ""}`,
  };
  await Promise.all(
    APPS.map((app) => {
      const cwd = join(root, "apps", app);
      const bundler = join(cwd, "node_modules", ".bin", "tsdown");
      const options = { cwd, env: environment, timeout: TIMEOUT_MS };
      return run(bundler, ["--out-dir", join(FOLDER, app), "--silent"], options);
    }),
  );
  log(
    `built the bundles that the end-to-end tests run, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  return FOLDER;
}
