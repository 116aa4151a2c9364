import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SnapshotEndpoint } from "./database-endpoint.ts";

/** Where a program finds how to log in. Removed on disposal. */
export interface OptionFile extends AsyncDisposable {
  readonly path: string;
  /** A folder of this program's alone (mode 700). */
  readonly folder: string;
}

/** What an option file says, and where. */
export interface OptionFileContents {
  readonly endpoint: SnapshotEndpoint;
  /** `schema.table`, for a dump. */
  readonly ignoredTables?: readonly string[];
  readonly loginFolder?: string | undefined;
}

/**
 * Writes an option file (mode 600) with which a client program logs in. A file, since a command line is seen by every user of
 * the machine, and the variable MYSQL_PWD, which newer versions no longer read, is handed on to whatever the program starts.
 * The tables that a dump leaves out stand there too, as there may be more than a command line holds.
 */
export async function writeOptionFile({
  endpoint,
  ignoredTables = [],
  loginFolder = tmpdir(),
}: OptionFileContents): Promise<OptionFile> {
  await mkdir(loginFolder, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(loginFolder, "understudy-copy-"));
  const path = join(folder, "login.cnf");
  const where =
    endpoint.socketPath === undefined
      ? { host: endpoint.host ?? "localhost", port: String(endpoint.port ?? 3306), protocol: "tcp" }
      : { socket: endpoint.socketPath };
  const options = { ...where, user: endpoint.user, password: endpoint.password };
  const lines = Object.entries(options).map(([name, value]) => `${name}=${quoted(value)}`);
  const ignored = ignoredTables.map((name) => `ignore-table=${quoted(name)}`);
  const groups = ["[client]", ...lines, "[client-mariadb]", ...MARIADB_OPTIONS, "[mysqldump]", ...ignored];
  await writeFile(path, [...groups, ""].join("\n"), { mode: 0o600, flag: "wx" });
  return {
    path,
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * From 11.4 on MariaDB's programs want TLS also where nobody asked for it: through the relay, which reads what they say, and of
 * servers that have none. MySQL's don't know the group.
 */
const MARIADB_OPTIONS: readonly string[] = ["skip-ssl"];

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b" };

/** As option files want it: in quotes, so that `#` begins no comment and outer blanks stay. */
function quoted(value: string): string {
  return `"${value.replaceAll(/[\\"]/g, "\\$&").replaceAll(/[\n\r\t\b]/g, (char) => ESCAPES[char] ?? "")}"`;
}
