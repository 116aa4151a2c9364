import { UnderstudyError } from "@understudy/protocol";
import type { ServerQuestions } from "./server-questions.ts";

/** Outcome of {@link checkServerForBinlog}. */
export interface ServerCheck {
  /** What replication works without, but should not; one plain sentence each. */
  readonly warnings: string[];
}

type Variables = ReadonlyMap<string, string>;

/** A setting that must hold. One that a server does not know counts as given, unless the rule says otherwise. */
interface Rule {
  readonly names: readonly string[];
  readonly wanted: string;
  readonly isRequired?: boolean;
}

const ON_BOTH: readonly Rule[] = [
  { names: ["log_bin"], wanted: "ON", isRequired: true },
  // versions after MySQL's 9 may lack it, when ROW is all there is
  { names: ["binlog_format"], wanted: "ROW" },
  { names: ["binlog_row_image"], wanted: "FULL" },
  { names: ["binlog_checksum"], wanted: "CRC32" },
  // the older name where both exist is only another spelling
  { names: ["log_replica_updates", "log_slave_updates"], wanted: "ON", isRequired: true },
];

const ON_MYSQL: readonly Rule[] = [
  { names: ["gtid_mode"], wanted: "ON", isRequired: true },
  { names: ["enforce_gtid_consistency"], wanted: "ON", isRequired: true },
  // MySQL 9.6 and later: with cascades in the SQL layer, master and slaves have been seen to cascade differently (9.7.4)
  { names: ["innodb_native_foreign_keys"], wanted: "ON" },
];

const ON_MARIADB: readonly Rule[] = [{ names: ["binlog_alter_two_phase"], wanted: "OFF" }];

const OTHER_NAMES = [
  "version",
  "server_id",
  "sync_binlog",
  "innodb_flush_log_at_trx_commit",
  "binlog_row_metadata",
  "binlog_row_value_options",
  "gtid_strict_mode",
] as const;

/**
 * Checks that a server writes a binlog from which every change can be replicated, under GTIDs.
 * Throws `server-unsuitable` that names every wrong setting at once, also in `details.problems`.
 */
export async function checkServerForBinlog(questions: ServerQuestions): Promise<ServerCheck> {
  const variables = await readVariables(questions);
  const isMariadb = variables.get("version")?.includes("MariaDB") ?? false;
  const rules = [...ON_BOTH, ...(isMariadb ? ON_MARIADB : ON_MYSQL)];
  const problems = rules.flatMap((rule) => problemOf(rule, variables));
  if (!(Number(variables.get("server_id")) > 0)) problems.push("server_id must be set to a unique number");
  if (variables.get("log_bin") === "ON") {
    problems.push(...(await findFilters(questions, variables.get("version") ?? "", isMariadb)));
  }
  if (problems.length > 0) {
    throw new UnderstudyError(
      "server-unsuitable",
      `the database server's settings do not allow replication: ${problems.join("; ")}`,
      { details: { problems } },
    );
  }
  return { warnings: findWarnings(variables, isMariadb) };
}

async function readVariables(questions: ServerQuestions): Promise<Variables> {
  const names = [...ON_BOTH, ...ON_MYSQL, ...ON_MARIADB].flatMap((rule) => rule.names);
  const list = [...names, ...OTHER_NAMES].map((name) => `'${name}'`).join(", ");
  const rows = await questions.rows(`SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list})`);
  return new Map(rows.map((row) => [String(row["Variable_name"]), String(row["Value"] ?? "")]));
}

function problemOf({ names, wanted, isRequired }: Rule, variables: Variables): string[] {
  const known = names.find((name) => variables.has(name));
  if (known === undefined) return isRequired ? [`${names.join(" or ")} must be ${wanted}`] : [];
  const value = variables.get(known) ?? "";
  const isRight = value.toUpperCase() === wanted || (wanted === "ON" && value === "1");
  return isRight ? [] : [`${known} must be ${wanted} (it is ${value})`];
}

/** Databases that are left out of the binlog: no variable tells them on every version, but the binlog's status does. */
async function findFilters(
  questions: ServerQuestions,
  version: string,
  isMariadb: boolean,
): Promise<string[]> {
  const [row] = await questions.rows(statusStatement(version, isMariadb));
  return ["Binlog_Do_DB", "Binlog_Ignore_DB"]
    .filter((column) => String(row?.[column] ?? "") !== "")
    .map((column) => `${column.toLowerCase()} must not be set (it is ${row?.[column]})`);
}

function statusStatement(version: string, isMariadb: boolean): string {
  if (isMariadb) return "SHOW BINLOG STATUS";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 8 || minor >= 2 ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

function findWarnings(variables: Variables, isMariadb: boolean): string[] {
  const warnings: string[] = [];
  const warnUnless = (name: string, wanted: string, consequence: string): void => {
    const value = variables.get(name);
    if (value === undefined || value.toUpperCase() === wanted) return;
    warnings.push(`${name} is ${value === "" ? "empty" : value}, not ${wanted}: ${consequence}`);
  };
  const lossAtCrash = "a confirmed transaction may be lost when the machine crashes";
  warnUnless("sync_binlog", "1", lossAtCrash);
  warnUnless("innodb_flush_log_at_trx_commit", "1", lossAtCrash);
  warnUnless("binlog_row_metadata", "FULL", "tools that read the binlog do not see column names and types");
  if (variables.get("binlog_row_value_options")?.includes("PARTIAL_JSON")) {
    warnings.push(
      "binlog_row_value_options is PARTIAL_JSON: an update of a JSON column replicates only onto an equal document",
    );
  }
  if (isMariadb) {
    warnUnless("gtid_strict_mode", "ON", "a write past us on a slave can give two transactions one GTID");
  }
  return warnings;
}
