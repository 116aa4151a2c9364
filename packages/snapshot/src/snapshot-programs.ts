import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { versionNumberOf } from "@understudy/binlog";
import { UnderstudyError, type Flavour } from "@understudy/protocol";

const run = promisify(execFile);

/** Paths of programs to use instead of those that are found. */
export interface SnapshotPrograms {
  readonly dump?: string;
  readonly client?: string;
}

/** What a program is for: `dump` writes a copy, `client` reads one in. */
export type ProgramKind = keyof SnapshotPrograms;

/** A program that was found and has said who it is. */
export interface FoundProgram {
  readonly path: string;
  /** `10.11.19` as 101119; 0 where it does not say. */
  readonly versionNumber: number;
}

const NAMES: Readonly<Record<Flavour, Readonly<Record<ProgramKind, readonly string[]>>>> = {
  mysql: { dump: ["mysqldump", "mysqldump-debian"], client: ["mysql", "mysql-debian"] },
  mariadb: { dump: ["mariadb-dump", "mysqldump"], client: ["mariadb", "mysql"] },
};

/** Folders that are searched beside PATH. */
const MORE_FOLDERS = ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin", "/usr/local/mysql/bin"];

const TO_INSTALL: Readonly<Record<Flavour, string>> = {
  mysql:
    "install MySQL's client programs (Debian and Ubuntu: mysql-client or mysql-client-core; Fedora: community-mysql)",
  mariadb: "install MariaDB's client programs (Debian and Ubuntu: mariadb-client; Fedora: mariadb)",
};

const SETTINGS: Readonly<Record<ProgramKind, string>> = {
  dump: "UNDERSTUDY_DUMP_PROGRAM",
  client: "UNDERSTUDY_CLIENT_PROGRAM",
};

/**
 * Finds the dump or the client program of a flavour: the one that is named, else by its usual names on PATH and in the usual folders.
 * Throws `server-unsuitable` that says what to install.
 */
export async function findSnapshotProgram(
  flavour: Flavour,
  kind: ProgramKind,
  programs: SnapshotPrograms = {},
): Promise<FoundProgram> {
  const named = programs[kind];
  const names = NAMES[flavour][kind];
  for (const path of named === undefined ? candidates(names) : [named]) {
    const versionNumber = await identify(path, flavour);
    if (versionNumber !== null) return { path, versionNumber };
  }
  const what =
    named === undefined
      ? `no ${names[0]} of ${flavour} was found`
      : `${named} is no ${names[0]} of ${flavour}`;
  throw new UnderstudyError(
    "server-unsuitable",
    `${what}, without which no copy of the data can be ${kind === "dump" ? "made" : "restored"}: ${TO_INSTALL[flavour]}, or name one in ${SETTINGS[kind]}`,
  );
}

function candidates(names: readonly string[]): string[] {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...MORE_FOLDERS];
  return [...new Set(names.flatMap((name) => folders.map((folder) => join(folder, name))))];
}

/** The version of a program of this flavour; null where it is none, or can't be run. */
async function identify(path: string, flavour: Flavour): Promise<number | null> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ["--version"], { timeout: 10_000 });
    if (/mariadb/i.test(stdout) !== (flavour === "mariadb")) return null;
    const [, version = ""] =
      /(?:Distrib|from) (\d+\.\d+\.\d+)/.exec(stdout) ?? /Ver (\d+\.\d+\.\d+)/.exec(stdout) ?? [];
    return versionNumberOf(version);
  } catch {
    return null;
  }
}
