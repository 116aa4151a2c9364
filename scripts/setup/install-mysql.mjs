// MySQL for machines whose distribution has none: Debian 12 packages MariaDB only. The server of Debian unstable is put,
// with the libraries it was built against, into a folder of its own beside the system, and a wrapper on the PATH starts it
// through its own loader. Nothing is installed into the system itself but `debootstrap`, which fetches and verifies the packages.
// On the command line: node scripts/setup/install-mysql.mjs
import { execFile } from "node:child_process";
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const SUITE = "sid";
const FOLDER = "/opt/understudy-mysql";
const WRAPPER = "/usr/local/bin/mysqld-debian";
const PACKAGES = ["mysql-server-core", "mysql-client-core"];
/** What a server needs at run time of all that its packages depend on: itself and the libraries. */
const NEEDED_PACKAGE = /^(lib|mysql-|zlib1g|gcc-\d+-base)/;
const DOWNLOAD_TIMEOUT_MS = 15 * 60_000;
const STEP_TIMEOUT_MS = 5 * 60_000;

/** Client programs that copies of the data are made with. */
const CLIENTS = ["mysqldump", "mysql", "mysqlbinlog"];

/**
 * Makes sure of a MySQL server and its client programs on a Debian machine and returns the server's path. Does nothing where they are
 * there already; where an earlier version installed the server alone, the wrappers of the clients are written beside its own.
 * Needs root. Throws with the reason where it cannot be done; what was there before is then unchanged.
 * @param {{ log: (line: string) => void, folder?: string, wrapper?: string }} options
 * @returns {Promise<string>}
 */
export async function installMysql({ log, folder = FOLDER, wrapper = WRAPPER }) {
  if (await versionOf(wrapper)) {
    await ensureMysqlClients({ folder, wrapper });
    return wrapper;
  }
  await assertDebianRoot();
  const mirror = await debianMirror();
  await ensureDebootstrap(log);
  log(`installing MySQL from Debian ${SUITE} into ${folder} (about a minute)`);
  const partial = `${folder}.partial`;
  // debootstrap cannot cope with blanks in a path, so this must not hang on TMPDIR
  const download = await mkdtemp("/var/tmp/understudy-mysql-");
  try {
    await fetchPackages(download, mirror);
    await unpack(download, partial);
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
    await rm(download, { recursive: true, force: true });
  }
  await writeWrapper(wrapper, await commandOf(folder, "usr/sbin/mysqld", serverOptions(folder)));
  await ensureMysqlClients({ folder, wrapper });
  const version = await versionOf(wrapper);
  if (!version) throw new Error(`${wrapper} was installed but does not run`);
  log(`installed ${version}`);
  return wrapper;
}

async function assertDebianRoot() {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  if (!/^ID=debian$/m.test(release))
    throw new Error("MySQL can be installed on Debian only; install it by hand here");
  if (process.getuid?.() !== 0) throw new Error("MySQL can be installed by root only");
}

async function ensureDebootstrap(log) {
  if (await succeeds("debootstrap", ["--version"])) return;
  log("installing debootstrap");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await step("apt-get", ["update", "-q"], { env });
  await step("apt-get", ["install", "-qy", "--no-install-recommends", "debootstrap"], { env });
}

/** Resolves the packages' dependencies, fetches everything and checks the archive's signatures; installs nothing. */
async function fetchPackages(folder, mirror) {
  const options = ["--variant=minbase", "--download-only", `--include=${PACKAGES.join(",")}`];
  await step("debootstrap", [...options, SUITE, folder, mirror], { timeout: DOWNLOAD_TIMEOUT_MS });
}

/**
 * Unpacks what was fetched. The packages are not installed: no maintainer script runs and nothing is mounted, so this works
 * in a plain container as well.
 */
async function unpack(download, folder) {
  const cache = join(download, "var/cache/apt/archives");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(cache)) {
    if (name.endsWith(".deb") && NEEDED_PACKAGE.test(name))
      await step("dpkg-deb", ["-x", join(cache, name), folder]);
  }
}

/**
 * Writes the clients' wrappers, `mysqldump-debian` and others, beside the server's, where they are missing and MySQL was unpacked
 * into `folder` (also by an earlier version, which wrote the server's alone). Does nothing where MySQL came from somewhere else.
 * @param {{ folder?: string, wrapper?: string }} options
 */
export async function ensureMysqlClients({ folder = FOLDER, wrapper = WRAPPER } = {}) {
  for (const name of CLIENTS) {
    const path = join(dirname(wrapper), `${name}-debian`);
    const program = `usr/bin/${name}`;
    if ((await versionOf(path)) || !(await exists(join(folder, program)))) continue;
    await writeWrapper(path, await commandOf(folder, program, []));
    if (!(await versionOf(path))) throw new Error(`${path} was installed but does not run`);
  }
}

/** `--no-defaults` counts only as the first option, so the wrapper must be the one to say it. */
function serverOptions(folder) {
  return [
    "--no-defaults",
    `--basedir=${folder}/usr`,
    `--lc-messages-dir=${folder}/usr/share/mysql`,
    "--secure-file-priv=NULL",
  ];
}

/** How a program of the folder is started: through the folder's own loader, with the libraries that it was built against. */
async function commandOf(folder, program, options) {
  const libraries = join(folder, "usr/lib", await onlyEntry(join(folder, "usr/lib"), /-linux-gnu/));
  const loader = join(libraries, await onlyEntry(libraries, /^ld-linux.*\.so\.\d+$/));
  return [loader, "--library-path", `${libraries}:${libraries}/mysql`, join(folder, program), ...options];
}

async function writeWrapper(wrapper, command) {
  const text = `#!/bin/sh\nexec ${command.map(quoted).join(" ")} "$@"\n`;
  await writeFile(`${wrapper}.partial`, text);
  await chmod(`${wrapper}.partial`, 0o755);
  await rename(`${wrapper}.partial`, wrapper);
}

async function exists(path) {
  return await access(path).then(
    () => true,
    () => false,
  );
}

const quoted = (word) => `'${word.replaceAll("'", String.raw`'\''`)}'`;

async function onlyEntry(folder, pattern) {
  const [name] = (await readdir(folder)).filter((entry) => pattern.test(entry));
  if (!name) throw new Error(`nothing like ${pattern} in ${folder}`);
  return name;
}

/** The archive that this machine is configured for: where its own release comes from, unstable is beside it. */
async function debianMirror() {
  const release = await readFile("/etc/os-release", "utf8");
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? "bookworm";
  for (const text of await sourceLists()) {
    const uri = uriOfSuite(text, codename);
    if (uri) return uri;
  }
  throw new Error(
    `apt's sources name no archive of Debian ${codename}, from which MySQL could be had; name a MySQL server in UNDERSTUDY_MYSQLD`,
  );
}

async function sourceLists() {
  const folder = "/etc/apt/sources.list.d";
  const names = await readdir(folder).catch(() => []);
  const paths = ["/etc/apt/sources.list", ...names.map((name) => join(folder, name))];
  return Promise.all(paths.map((path) => readFile(path, "utf8").catch(() => "")));
}

/** @returns {string | undefined} The address of `suite` in a sources file, in its one-line or its stanza form. */
function uriOfSuite(text, suite) {
  for (const line of text.split("\n")) {
    const [, uri, name] = /^deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)/.exec(line) ?? [];
    if (name === suite) return uri;
  }
  for (const stanza of text.split(/\n\s*\n/)) {
    const uri = /^URIs:\s*(\S+)/m.exec(stanza)?.[1];
    const suites = /^Suites:\s*(.*)$/m.exec(stanza)?.[1]?.split(/\s+/);
    if (uri && suites?.includes(suite)) return uri;
  }
  return undefined;
}

/** @returns {Promise<string | null>} The version line of a MySQL server program; null where it is none or does not run. */
async function versionOf(program) {
  try {
    const { stdout } = await run(program, ["--version"], { timeout: 30_000 });
    return /mariadb/i.test(stdout) ? null : stdout.trim();
  } catch {
    return null;
  }
}

async function succeeds(program, args) {
  try {
    await run(program, args, { timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs one program; its failure carries the end of what it wrote. */
async function step(program, args, options = {}) {
  try {
    await run(program, args, { timeout: STEP_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024, ...options });
  } catch (error) {
    const lines = `${error.stdout ?? ""}${error.stderr ?? ""}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${program} failed: ${error.message.split("\n")[0]}\n${lines}`, { cause: error });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await installMysql({ log: (line) => console.log(line) });
}
