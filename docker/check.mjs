// node docker/check.mjs [--grafana] [mysql | mariadb | static]...: brings the compose files up for real, works with each cluster as people do,
// ends its master, and takes everything down again, volumes included. For developers, on a machine with Docker; all three take
// some minutes. What else runs there is left alone: it has a project name and ports of its own.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, Stack } from "./check/stack.mjs";
import * as access from "./check/access-steps.mjs";
import * as steps from "./check/steps.mjs";

/** @typedef {(stack: Stack) => Promise<string>} Step */

const folder = dirname(fileURLToPath(import.meta.url));

/** @type {(count: number) => Step} */
const equal = (count) => (stack) => steps.equal(stack, count);

/** @type {readonly Step[]} */
const elected = [
  steps.walkThrough,
  access.curl,
  access.strangers,
  access.newToken,
  access.noPlainDatabase,
  steps.dashboard,
  steps.proxyIsUp,
  steps.killMaster,
  steps.proxyFollows,
  steps.comeBack,
  equal(4),
  access.renew,
  steps.copy,
  equal(4),
  steps.downAndUp,
  equal(4),
  steps.observability,
  ...(process.argv.includes("--grafana") ? [steps.grafana] : []),
];

/** @type {Readonly<Record<string, { file: string, steps: readonly Step[] }>>} */
const STACKS = {
  mysql: { file: "compose.yaml", steps: elected },
  mariadb: { file: "compose.mariadb.yaml", steps: elected },
  static: {
    file: "compose.static.yaml",
    steps: [
      steps.walkThrough,
      access.curl,
      access.strangers,
      steps.dashboard,
      steps.killStaticMaster,
      steps.comeBack,
      equal(3),
      steps.downAndUp,
      equal(3),
    ],
  },
};

/** @param {string} name */
async function check(name) {
  const entry = STACKS[name];
  if (entry === undefined) throw new Error(`there is no stack ${name}: ${Object.keys(STACKS).join(", ")}`);
  const stack = new Stack(join(folder, entry.file));
  say(`${name}: ${entry.file}`);
  const down = ["--profile", "*", "down", "--volumes", "--remove-orphans"];
  await stack.compose(down, 180_000);
  try {
    await step(async () => {
      await stack.compose(["--profile", "tools", "build"], 900_000);
      return "the images are built";
    });
    await step(async () => {
      await stack.up();
      return "everything is up and healthy";
    });
    for (const one of entry.steps) await step(() => one(stack));
  } catch (error) {
    say(await stack.compose(["ps", "--all"]));
    say(await stack.compose(["logs", "--tail", "40", "master", "slave1", "slave2"]));
    throw error;
  } finally {
    await stack.compose(down, 180_000);
  }
}

/** @param {() => Promise<string>} work */
async function step(work) {
  const startedAt = Date.now();
  const done = await work();
  say(`  ${((Date.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${done}`);
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

const asked = process.argv.slice(2).filter((argument) => argument !== "--grafana");
await run([join(folder, "make-secrets.sh")]);
for (const name of asked.length > 0 ? asked : Object.keys(STACKS)) await check(name);
say("all is as it should be");
