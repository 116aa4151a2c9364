// `npm start`: gets a fresh checkout to the point where the sandbox can run, then runs it.
// Plain JavaScript without dependencies, since it starts under the machine's Node (20 or later) before anything is installed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { askNode24, sourceUrl } from "./setup/ask-node-24.mjs";
import { ensureEtcd } from "./setup/install-etcd.mjs";
import { ensureMariadb, missingMysql } from "./setup/install-mariadb.mjs";
import { ensurePackages } from "./setup/install-packages.mjs";
import { installedFlavours } from "./setup/installed-flavours.mjs";
import { runNode24 } from "./setup/run-node-24.mjs";

const sandbox = join(dirname(dirname(fileURLToPath(import.meta.url))), "packages", "sandbox", "src");
const commandLine = process.argv.slice(2);

/** Progress goes to stderr: with --json, stdout carries one line of JSON and nothing else. */
const log = (line) => console.error(line);

/** The value of `--name value` or `--name=value`; the sandbox itself checks the command line. */
function valueOf(name) {
  const at = commandLine.findLastIndex((word) => word === name || word.startsWith(`${name}=`));
  if (at < 0) return undefined;
  return commandLine[at] === name ? commandLine[at + 1] : commandLine[at].slice(name.length + 1);
}

/** What the folder holds; an empty object where that is nothing, or is to be thrown away. */
function earlierPlan() {
  if (commandLine.includes("--fresh")) return {};
  try {
    return JSON.parse(readFileSync(join(valueOf("--dir") ?? ".understudy", "sandbox.json"), "utf8"));
  } catch {
    return {};
  }
}

/** The flavour that will be started, as far as it is settled: as asked for, else what the folder holds. */
function settledFlavour() {
  return valueOf("--flavour") ?? earlierPlan().flavour;
}

/** Makes sure that a database server of the right kind is there. Throws an Error with one sentence. */
async function ensureDatabaseServer() {
  const installed = installedFlavours();
  const wanted = settledFlavour();
  if (wanted === "mysql" && !installed.includes("mysql")) throw new Error(missingMysql());
  if (wanted === "mariadb" || (wanted === undefined && installed.length === 0)) await ensureMariadb({ log });
}

/**
 * Gets etcd where the cluster will use it, and returns what the command line has to say besides. Throws an Error with one sentence where
 * a person has asked for etcd and it can't be had; where nobody has, the cluster goes on without, and that is said.
 */
async function settleEtcd() {
  const asked = valueOf("--etcd");
  if (commandLine.includes("--no-etcd") || asked === "0") return [];
  if (asked === undefined && earlierPlan().etcd === undefined && etcdMembersDefault() === 0) return [];
  try {
    await ensureEtcd({ log });
    return [];
  } catch (error) {
    if (asked !== undefined) throw error;
    log(`${error.message}; it goes without, so no slave takes over by itself (--no-etcd: it is meant so)`);
    return ["--no-etcd"];
  }
}

function etcdMembersDefault() {
  return askNode24(`
    import { ETCD_MEMBERS_DEFAULT } from ${sourceUrl("packages/sandbox/src/etcd-members-default.ts")};
    console.log(ETCD_MEMBERS_DEFAULT);
  `);
}

async function main() {
  if (commandLine.includes("--help") || commandLine.includes("-h")) {
    process.stdout.write(readFileSync(join(sandbox, "usage.txt"), "utf8"));
    return 0;
  }
  if (process.platform === "win32") {
    throw new Error("Understudy runs on Linux and macOS; on Windows, start it inside WSL");
  }
  await ensurePackages({ log });
  await ensureDatabaseServer();
  const more = await settleEtcd();
  return runNode24(join(sandbox, "main.ts"), [...commandLine, ...more], { ownGroup: true });
}

try {
  process.exitCode = await main();
} catch (error) {
  log(error.message);
  process.exitCode = 1;
}
