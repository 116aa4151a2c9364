// On the command line: node scripts/setup/install-etcd.mjs
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { downloadWithApt, isOnPath } from "./apt.mjs";
import { askNode24, sourceUrl } from "./ask-node-24.mjs";

const APT_PACKAGE = "etcd-server";
/** Where the program goes: beside the system's own, so that a later `apt-get install` gets along with it. */
const PROGRAM = "/usr/local/bin/etcd";

/** How to install etcd by hand, by the program that each system installs with; the first that is there counts. */
const COMMANDS = [
  { installer: "apt-get", command: `apt-get install ${APT_PACKAGE}`, asRoot: true },
  { installer: "dnf", command: "dnf install etcd", asRoot: true },
  { installer: "brew", command: "brew install etcd", asRoot: false },
];

/**
 * The etcd on this machine, found by the very code that starts it later; null where there is none. Call it after `ensurePackages`.
 *
 * @returns {{path: string, version: string} | null}
 */
export function installedEtcd() {
  return askNode24(`
    import { findEtcdProgram } from ${sourceUrl("packages/etcd-server/src/etcd-program.ts")};
    console.log(JSON.stringify(await findEtcdProgram()));
  `);
}

/**
 * Makes sure that an etcd program is on this machine: does nothing where it is, gets it where that needs no question (root with
 * apt-get), and otherwise throws an Error whose one sentence names the command for this system. Debian's package brings a service
 * that starts at once, so it is not installed: the program alone is taken out of it.
 *
 * @param {{log: (line: string) => void}} options
 * @returns {Promise<void>}
 */
export async function ensureEtcd({ log }) {
  if (installedEtcd()) return;
  const named = process.env.UNDERSTUDY_ETCD_PROGRAM;
  if (named) throw new Error(`UNDERSTUDY_ETCD_PROGRAM names ${named}, which is no etcd of 3.4 or later`);
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) throw new Error(missingEtcd());

  log(`no etcd found: taking it out of the package ${APT_PACKAGE} with apt-get (no service) …`);
  const startedMs = performance.now();
  unpackEtcd();
  if (!installedEtcd()) throw new Error(missingEtcd());
  log(`etcd installed as ${PROGRAM} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}

/** Whole or not at all. */
function unpackEtcd() {
  const folder = mkdtempSync("/var/tmp/understudy-etcd-");
  const draft = `${PROGRAM}.partial`;
  try {
    downloadWithApt(APT_PACKAGE, folder);
    const archive = readdirSync(folder).find((name) => name.endsWith(".deb"));
    if (!archive) throw new Error(`apt-get downloaded no package ${APT_PACKAGE}`);
    const result = spawnSync("dpkg-deb", ["-x", archive, "."], { cwd: folder, encoding: "utf8" });
    if (result.status !== 0) throw new Error(`unpacking ${archive} failed: ${result.stderr || result.error}`);
    copyFileSync(join(folder, "usr/bin/etcd"), draft);
    renameSync(draft, PROGRAM);
  } finally {
    rmSync(draft, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One sentence: that etcd is missing, and the command that installs it here. */
function missingEtcd() {
  const way = COMMANDS.find(({ installer }) => isOnPath(installer));
  const name = "name one in UNDERSTUDY_ETCD_PROGRAM";
  if (!way) return `no etcd (3.4 or later) was found: install it, or ${name}`;
  const command = way.asRoot && process.getuid?.() !== 0 ? `sudo ${way.command}` : way.command;
  return `no etcd (3.4 or later) was found: install it with \`${command}\`, or ${name}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await ensureEtcd({ log: (line) => console.log(line) });
}
