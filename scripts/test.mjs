// `npm test`: every test of every package, on real servers of both flavours. Starts under the machine's Node (20 or later)
// with nothing installed. Arguments go to vitest: npm test -- packages/kernel
import { spawn, spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureChromium, installedChromium } from "./setup/install-chromium.mjs";
import { ensureEtcd, installedEtcd } from "./setup/install-etcd.mjs";
import { ensureMariadb, ensureMariadbClients } from "./setup/install-mariadb.mjs";
import { ensureMysqlClients, installMysql } from "./setup/install-mysql.mjs";
import { ensurePackages } from "./setup/install-packages.mjs";
import { buildBundles } from "./setup/build-bundles.mjs";
import { ensureTmux } from "./setup/install-tmux.mjs";
import { installedFlavours } from "./setup/installed-flavours.mjs";
import { node24Path } from "./setup/node-24.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MAJOR = 24;

/** How each flavour is got where it is missing. */
const INSTALLERS = { mysql: installMysql, mariadb: ensureMariadb };
/** The same for the client programs of a server that was there before. */
const CLIENT_INSTALLERS = { mysql: ensureMysqlClients, mariadb: ensureMariadbClients };

const log = (line) => console.log(line);

/** The Node program that runs the tests; refuses any other major version than the one that people run the nodes on. */
function assertedNode() {
  const node = node24Path();
  const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim();
  log(`node ${version} runs the tests (this script runs on ${process.version})`);
  if (!version.startsWith(`v${NODE_MAJOR}.`))
    throw new Error(`the tests need Node ${NODE_MAJOR}, not ${version}`);
  return node;
}

/** Installs the missing flavours where that can be done without a question. */
async function ensureFlavours() {
  const reasons = new Map();
  const before = installedFlavours();
  for (const [flavour, install] of Object.entries(INSTALLERS)) {
    try {
      await (before.includes(flavour) ? CLIENT_INSTALLERS[flavour] : install)({ log });
    } catch (error) {
      reasons.set(flavour, error.message);
    }
  }
  const available = installedFlavours();
  const missing = Object.keys(INSTALLERS).filter((flavour) => !available.includes(flavour));
  return {
    available,
    missing: missing.map((flavour) => ({ flavour, reason: reasons.get(flavour) ?? "not found" })),
  };
}

/**
 * Why something can't be had that some tests need; undefined where it is there.
 * @param {(options: {log: (line: string) => void}) => Promise<unknown>} ensure
 * @returns {Promise<string | undefined>}
 */
async function lackOf(ensure) {
  try {
    await ensure({ log });
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/** @returns {Promise<number>} Vitest's exit code. */
function runVitest({ node, flavours, browser, bundles, vitestArguments }) {
  const folders = [dirname(node), join(root, "node_modules", ".bin"), process.env.PATH ?? ""];
  const child = spawn(node, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...vitestArguments], {
    cwd: root,
    env: {
      ...process.env,
      PATH: folders.join(delimiter),
      UNDERSTUDY_TEST_FLAVOURS: flavours.join(","),
      UNDERSTUDY_CHROMIUM: browser,
      UNDERSTUDY_TEST_BUNDLES: bundles,
    },
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

await ensurePackages({ log });
const node = assertedNode();
const { available, missing } = await ensureFlavours();
log(`database servers: ${available.join(", ") || "none"}`);
const noEtcd = await lackOf(ensureEtcd);
log(`etcd: ${installedEtcd()?.version ?? "none"}`);
const noTmux = await lackOf(ensureTmux);
const noBrowser = await lackOf(ensureChromium);
const browser = installedChromium();
log(`browser: ${browser ?? "none"}`);
const wanted = process.argv.slice(2);
const vitestArguments = wanted[0] === "--" ? wanted.slice(1) : wanted;
// not for a part, which would often be run in less time than they are made
const bundles = vitestArguments.length === 0 ? await buildBundles({ log }) : undefined;
process.exitCode = await runVitest({ node, flavours: available, browser, bundles, vitestArguments });
for (const { flavour, reason } of missing) log(`NOT RUN on ${flavour}: ${reason}`);
if (noEtcd !== undefined) log(`FAILED for want of etcd: ${noEtcd}`);
if (noTmux !== undefined) log(`FAILED for want of tmux: ${noTmux}`);
if (noBrowser !== undefined) log(`NOT RUN in a browser: ${noBrowser}`);
const isWhole = missing.length === 0 && [noEtcd, noTmux, noBrowser].every((lack) => lack === undefined);
if (!isWhole && process.env.CI) process.exitCode = 1;
