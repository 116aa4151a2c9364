import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Flavour } from "@understudy/protocol";
import { programPaths } from "./program-paths.ts";

const run = promisify(execFile);

/** MariaDB's may be called as MySQL's: it then tells itself by its version only. */
const NAMES: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: ["mysqlbinlog", "mysqlbinlog-debian"],
  mariadb: ["mariadb-binlog", "mysqlbinlog"],
};
/** The version of MariaDB's program stands still at 3; MySQL's has had its server's since 8.0. */
const MARIADB_MAJOR_MAX = 3;

/**
 * Finds the program of a flavour that prints binlogs, `mysqlbinlog` or `mariadb-binlog`, on PATH and in the usual folders. It comes with
 * the client's package, so a machine with a server may lack it: null then.
 */
export async function findBinlogProgram(
  flavour: Flavour,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | null> {
  for (const path of await programPaths(NAMES[flavour], environment["PATH"] ?? "")) {
    if ((await flavourOf(path)) === flavour) return path;
  }
  return null;
}

async function flavourOf(path: string): Promise<Flavour | null> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: 10_000 });
    const major = /Ver (\d+)\./.exec(stdout)?.[1];
    if (major === undefined) return null;
    return Number(major) <= MARIADB_MAJOR_MAX ? "mariadb" : "mysql";
  } catch {
    return null;
  }
}
