import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { promisify } from "node:util";
import type { Flavour } from "@understudy/protocol";
import { programPaths } from "./program-paths.ts";

const run = promisify(execFile);

/** A database server program that was found on this machine. */
export interface DatabaseProgram {
  readonly flavour: Flavour;
  /** Path of `mysqld` or `mariadbd`. */
  readonly path: string;
  /** As the program itself says it, for example `10.11.19`. */
  readonly version: string;
  /** True for a script around the server. Such a script settles option files itself, so that `--no-defaults` can't come first any more. */
  readonly isScript: boolean;
}

const CANDIDATES: Readonly<Record<Flavour, { variable: string; names: readonly string[] }>> = {
  mysql: { variable: "UNDERSTUDY_MYSQLD", names: ["mysqld", "mysqld-debian"] },
  mariadb: { variable: "UNDERSTUDY_MARIADBD", names: ["mariadbd", "mysqld"] },
};

/**
 * Finds a server program of a flavour: what `UNDERSTUDY_MYSQLD` / `UNDERSTUDY_MARIADBD` names, else `mysqld` (where that is
 * MySQL) or `mysqld-debian`, else `mariadbd`; on PATH and in the usual folders. Null where there is none.
 */
export async function findDatabaseProgram(
  flavour: Flavour,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<DatabaseProgram | null> {
  const { variable, names } = CANDIDATES[flavour];
  const named = environment[variable];
  const paths = named ? [named] : await programPaths(names, environment["PATH"] ?? "");
  for (const path of paths) {
    const program = await identify(path);
    if (program?.flavour === flavour) return program;
  }
  return null;
}

/** Asks a program who it is; null where it can't be run or is something else. */
async function identify(path: string): Promise<DatabaseProgram | null> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: 10_000 });
    const version = /Ver (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    if (!version) return null;
    return {
      flavour: /mariadb/i.test(stdout) ? "mariadb" : "mysql",
      path,
      version,
      isScript: await isScript(path),
    };
  } catch {
    return null;
  }
}

async function isScript(path: string): Promise<boolean> {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer.toString("latin1") === "#!";
}

/** Options that keep a machine's option files out of private servers; they must come first on the command line. */
export function withoutOptionFiles(program: DatabaseProgram): readonly string[] {
  return program.isScript ? [] : ["--no-defaults"];
}
