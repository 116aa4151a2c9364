// `npm run dashboard`: the terminal dashboard, bundled first where its sources are newer than the bundle.
// Plain JavaScript without dependencies, since it starts under the machine's Node (20 or later) before anything is installed.
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePackages } from "./setup/install-packages.mjs";
import { node24Path } from "./setup/node-24.mjs";
import { runNode24 } from "./setup/run-node-24.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const app = join(root, "apps", "dashboard");
const bundle = join(app, "dist", "main.mjs");
const SOURCES = [
  join(app, "src"),
  join(app, "tsdown.config.ts"),
  join(app, "package.json"),
  ...["client", "kernel", "protocol"].map((name) => join(root, "packages", name, "src")),
];

/** When the newest file in or below a path was changed; 0 where there is none. */
function newestMs(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

/** Bundles the dashboard where that is needed. Throws an Error with the bundler's words. */
function ensureBundle() {
  if (newestMs(bundle) > Math.max(...SOURCES.map(newestMs))) return;
  const tsdown = join(app, "node_modules", "tsdown", "dist", "run.mjs");
  const result = spawnSync(node24Path(), [tsdown, "--log-level", "warn"], { cwd: app, encoding: "utf8" });
  if (result.status !== 0) {
    throw new Error(`bundling the dashboard failed:\n${`${result.stdout}${result.stderr}`.trim()}`);
  }
}

try {
  await ensurePackages({ log: (line) => console.error(line) });
  ensureBundle();
  process.exitCode = await runNode24(bundle, process.argv.slice(2), { ownGroup: false });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
