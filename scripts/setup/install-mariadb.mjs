import { readFileSync } from "node:fs";
import { installWithApt, isOnPath } from "./apt.mjs";
import { installedFlavours } from "./installed-flavours.mjs";

/** Holds `mariadb-dump`, with which copies of the data are made. */
const APT_CLIENT = "mariadb-client";
/**
 * The server without a service, so that nothing is left running or enabled, the client's core, which holds
 * `my_print_defaults`, without which `mariadb-install-db` does not work, and the client.
 */
const APT_PACKAGES = ["mariadb-server-core", "mariadb-client-core", APT_CLIENT];

/** How to install MariaDB by hand, by the program that each system installs with; the first that is there counts. */
const COMMANDS = [
  { installer: "apt-get", command: `apt-get install ${APT_PACKAGES.join(" ")}`, asRoot: true },
  { installer: "dnf", command: "dnf install mariadb-server", asRoot: true },
  { installer: "yum", command: "yum install mariadb-server", asRoot: true },
  { installer: "apk", command: "apk add mariadb mariadb-client mariadb-server-utils", asRoot: true },
  { installer: "pacman", command: "pacman -S mariadb", asRoot: true },
  { installer: "zypper", command: "zypper install mariadb", asRoot: true },
  { installer: "brew", command: "brew install mariadb", asRoot: false },
];

/**
 * Makes sure that a MariaDB server program is on this machine: does nothing where it is, installs it where that needs no
 * question (root with apt-get), and otherwise throws an Error whose one sentence names the command for this system.
 *
 * @param {{log: (line: string) => void}} options
 * @returns {Promise<void>}
 */
export async function ensureMariadb({ log }) {
  if (installedFlavours().includes("mariadb")) return;
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) throw new Error(missingMariadb());

  log(`no database server found: installing ${APT_PACKAGES.join(", ")} with apt-get (no service) …`);
  const startedMs = performance.now();
  installWithApt(APT_PACKAGES);
  if (!installedFlavours().includes("mariadb")) throw new Error(missingMariadb());
  log(`MariaDB installed in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}

/**
 * Installs MariaDB's dump program where it is missing and that needs no question; does nothing otherwise, since only copies of the
 * data need it, and they say so.
 *
 * @param {{log: (line: string) => void}} options
 * @returns {Promise<void>}
 */
export async function ensureMariadbClients({ log }) {
  if (isOnPath("mariadb-dump") || process.getuid?.() !== 0 || !isOnPath("apt-get")) return;
  log(`installing ${APT_CLIENT} with apt-get …`);
  installWithApt([APT_CLIENT]);
}

/** One sentence: that the server is missing, and the command that installs it here. */
function missingMariadb() {
  const way = COMMANDS.find(({ installer }) => isOnPath(installer));
  if (!way) return "no MariaDB server (mariadbd) was found: install one, or name it in UNDERSTUDY_MARIADBD";
  const command = way.asRoot && process.getuid?.() !== 0 ? `sudo ${way.command}` : way.command;
  return `no MariaDB server (mariadbd) was found: install it with \`${command}\`, or name one in UNDERSTUDY_MARIADBD`;
}

/** @returns {string} one sentence: that no MySQL server is here, and where to get one */
export function missingMysql() {
  const command =
    process.platform === "darwin" ? "`brew install mysql`" : mysqlOfLinux(readOs("ID"), readOs("ID_LIKE"));
  return `no MySQL server (mysqld) was found: install it with ${command}, name one in UNDERSTUDY_MYSQLD, or use --flavour mariadb`;
}

function mysqlOfLinux(id, like) {
  if (id === "ubuntu" || like.includes("ubuntu")) return "`sudo apt-get install mysql-server-core-8.0`";
  if (`${id} ${like}`.includes("fedora"))
    return "`sudo dnf install community-mysql-server` (or `mysql-server`)";
  return "a package of https://dev.mysql.com/downloads/mysql/";
}

function readOs(key) {
  try {
    const line = readFileSync("/etc/os-release", "utf8").match(new RegExp(`^${key}="?([^"\\n]*)"?$`, "m"));
    return line?.[1] ?? "";
  } catch {
    return "";
  }
}
