import type { Flavour } from "@understudy/protocol";

/** From MySQL 8.4 on the statement has another name, and the old one is gone. */
const MYSQL_RENAMED = 80_400;

/**
 * The statements that empty a server's binlog and its history of GTIDs, so that it can take another's from the beginning. The version is
 * a number like 80400.
 */
export function historyResetStatements(flavour: Flavour, version: number): readonly string[] {
  if (flavour === "mariadb") return ["RESET MASTER", "SET GLOBAL gtid_slave_pos = ''"];
  return [version >= MYSQL_RENAMED ? "RESET BINARY LOGS AND GTIDS" : "RESET MASTER"];
}
