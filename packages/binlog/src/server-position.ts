import { UnderstudyError, type Flavour } from "@understudy/protocol";
import { parseMariadbGtid } from "./gtid.ts";
import type { GtidPosition } from "./gtid-position.ts";
import { asMariadbGtidList, MariadbGtidList } from "./mariadb-gtid-list.ts";
import { parseGtidPosition } from "./parse-gtid-position.ts";
import type { ServerQuestions } from "./server-questions.ts";

/** By one question, since masters and slaves ask it while writes wait. */
const BOTH_POSITIONS = "SELECT CONCAT(@@GLOBAL.gtid_binlog_pos, '|', @@GLOBAL.gtid_slave_pos) AS value";

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
  const [binlog = "", applied = ""] = (await value(questions, BOTH_POSITIONS)).split("|");
  const end = MariadbGtidList.parse(binlog);
  return end.union(end.unknownDomainsOf(MariadbGtidList.parse(applied)));
}

/**
 * The server's whole history as `commonHistory` compares it: MySQL's `gtid_executed`; MariaDB's `gtid_binlog_state`, the last
 * transaction of each server in each domain.
 */
export async function readHistory(questions: ServerQuestions, flavour: Flavour): Promise<string> {
  const variable = flavour === "mysql" ? "gtid_executed" : "gtid_binlog_state";
  return (await value(questions, `SELECT @@GLOBAL.${variable} AS value`)).replaceAll(/\s+/g, "");
}

/**
 * What is no longer in the server's binlog: a reader must have all of it. MySQL: `gtid_purged`. MariaDB: the state at the
 * start of its oldest binlog file, and the domains that only `gtid_slave_pos` knows. Throws `server-unsuitable` where a MariaDB server writes no binlog.
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
  const start = MariadbGtidList.parse(
    await value(questions, `SELECT BINLOG_GTID_POS('${name}', 4) AS value`),
  );
  // what the server has without having it in its binlog is as good as purged
  const applied = await appliedByReplication(questions);
  const binlog = await binlogEnd(questions);
  return start.union(binlog.unknownDomainsOf(applied));
}

/**
 * True where a MariaDB position names a transaction that its server's binlog never had: as its domain, server id and number or a later
 * one are not in the binlog's state. Such a history has parted from the server's, though its numbers may be within.
 */
export async function isForeignMariadbPosition(
  questions: ServerQuestions,
  position: GtidPosition,
): Promise<boolean> {
  const state = await value(questions, "SELECT @@GLOBAL.gtid_binlog_state AS value");
  const known = state
    .split(",")
    .filter((text) => text !== "")
    .map(parseMariadbGtid);
  return asMariadbGtidList(position).gtids.some(({ domainId, serverId, sequence }) => {
    const inDomain = known.filter((gtid) => gtid.domainId === domainId);
    return (
      inDomain.length > 0 && !inDomain.some((gtid) => gtid.serverId === serverId && gtid.sequence >= sequence)
    );
  });
}

async function binlogEnd(questions: ServerQuestions): Promise<MariadbGtidList> {
  return MariadbGtidList.parse(await value(questions, "SELECT @@GLOBAL.gtid_binlog_pos AS value"));
}

async function appliedByReplication(questions: ServerQuestions): Promise<MariadbGtidList> {
  return MariadbGtidList.parse(await value(questions, "SELECT @@GLOBAL.gtid_slave_pos AS value"));
}

async function value(questions: ServerQuestions, sql: string): Promise<string> {
  const [row] = await questions.rows(sql);
  return String(row?.["value"] ?? "");
}
