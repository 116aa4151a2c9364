import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { FoundProgram } from "./snapshot-programs.ts";

const MYSQL_COMMENTED_GTIDS = 80_017;
const MYSQL_SOURCE_DATA = 80_026;
const MARIADB_HISTORY = 101_100;

/** What decides a dump program's command line. */
export interface DumpArgumentsOptions {
  readonly flavour: Flavour;
  readonly program: FoundProgram;
  readonly schemas: readonly string[];
  /** There are system-versioned tables, whose history is part of the copy. */
  readonly withHistory: boolean;
  /** The position is known, and the binlog may be one that can't be read. */
  readonly isStill: boolean;
}

/**
 * The command line of a dump in one consistent snapshot that tells its own position: MySQL under a global read lock that lasts
 * for the moment in which the snapshot begins, MariaDB without any lock. Throws `server-unsuitable` where the program is too old.
 */
export function dumpArguments({
  flavour,
  program,
  schemas,
  withHistory,
  isStill,
}: DumpArgumentsOptions): readonly string[] {
  return [
    "--default-character-set=utf8mb4",
    "--single-transaction",
    "--quick",
    "--hex-blob",
    "--routines",
    "--events",
    "--triggers",
    "--comments",
    // a row's default may take a number from a sequence, which would have to be locked as well
    "--skip-add-locks",
    "--max-allowed-packet=1G",
    ...(flavour === "mysql" ? mysqlArguments(program) : mariadbArguments(program, { withHistory, isStill })),
    "--databases",
    // a schema's name may begin with a dash
    "--",
    ...schemas,
  ];
}

function mysqlArguments({ path, versionNumber }: FoundProgram): string[] {
  if (versionNumber < MYSQL_COMMENTED_GTIDS) throw tooOld(path, "8.0.17");
  return [
    // makes it read the position under the lock, and flush without a transaction of its own
    versionNumber < MYSQL_SOURCE_DATA ? "--master-data=2" : "--source-data=2",
    "--set-gtid-purged=COMMENTED",
    "--no-tablespaces",
  ];
}

function mariadbArguments(
  { path, versionNumber }: FoundProgram,
  { withHistory, isStill }: Pick<DumpArgumentsOptions, "withHistory" | "isStill">,
): string[] {
  if (withHistory && versionNumber < MARIADB_HISTORY)
    throw tooOld(path, "10.11 (for the history of system-versioned tables)");
  // it reads the GTIDs of the place from the binlog, and fails where that can't be read
  return [...(isStill ? [] : ["--master-data=2", "--gtid"]), ...(withHistory ? ["--dump-history"] : [])];
}

function tooOld(path: string, wanted: string): UnderstudyError {
  return new UnderstudyError(
    "server-unsuitable",
    `${path} is too old to copy the data with; it must be of ${wanted} or later`,
  );
}
