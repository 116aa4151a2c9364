import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { GtidPosition } from "./gtid-position.ts";
import { MariadbGtidList } from "./mariadb-gtid-list.ts";
import { emptyPosition, parseGtidPosition } from "./parse-gtid-position.ts";
import type { ServerQuestions } from "./server-questions.ts";

/**
 * Where the server's history ends. MySQL: `gtid_executed`. MariaDB: the end of its binlog; for domains that the binlog does
 * not know (it may be empty after a restore), what native replication or a restore has left in `gtid_slave_pos`.
 */
export async function readExecutedPosition(
  questions: ServerQuestions,
  flavour: Flavour,
): Promise<GtidPosition> {
  if (flavour === "mysql") {
    return parseGtidPosition(flavour, await value(questions, "SELECT @@GLOBAL.gtid_executed AS value"));
  }
  const binlog = await value(questions, "SELECT @@GLOBAL.gtid_binlog_pos AS value");
  const applied = await value(questions, "SELECT @@GLOBAL.gtid_slave_pos AS value");
  return MariadbGtidList.parse(binlog).withUnknownDomainsOf(MariadbGtidList.parse(applied));
}

/**
 * What is no longer in the server's binlog: a reader must have all of it. MySQL: `gtid_purged`. MariaDB: the state at the
 * start of its oldest binlog file. Throws `server-unsuitable` where a MariaDB server writes no binlog.
 */
export async function readPurgedPosition(
  questions: ServerQuestions,
  flavour: Flavour,
): Promise<GtidPosition> {
  if (flavour === "mysql") {
    return parseGtidPosition(flavour, await value(questions, "SELECT @@GLOBAL.gtid_purged AS value"));
  }
  const [oldest] = await questions.rows("SHOW BINARY LOGS");
  const file = oldest?.["Log_name"];
  if (typeof file !== "string") {
    throw new UnderstudyError("server-unsuitable", "the server has no binlog; set log_bin");
  }
  const name = file.replaceAll("\\", "\\\\").replaceAll("'", "''");
  const state = await value(questions, `SELECT BINLOG_GTID_POS('${name}', 4) AS value`);
  return state === "" ? emptyPosition(flavour) : parseGtidPosition(flavour, state);
}

async function value(questions: ServerQuestions, sql: string): Promise<string> {
  const [row] = await questions.rows(sql);
  return String(row?.["value"] ?? "");
}
