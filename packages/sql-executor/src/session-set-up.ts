import type { Flavour } from "@understudy/protocol";

/** What a session is for. `transaction` is for those that clients keep open between calls; `inspection` is for what clients ask of schemas, under the node's account, apart from `admin`, by which the node itself lives; `control` is for ending statements and making accounts. */
export type SessionKind = "reader" | "application" | "transaction" | "inspection" | "admin" | "control";

/** The servers' own defaults. Fixed, so that our lexer reads quotes and backslashes as the server does. */
const SQL_MODES: Record<Flavour, string> = {
  mysql:
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
  mariadb: "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION",
};

/** Makes each autocommitted statement of a session a read-only transaction of its own. */
const READ_ONLY: Record<Flavour, string> = {
  mysql: "SET SESSION transaction_read_only=1",
  mariadb: "SET SESSION tx_read_only=1",
};

/**
 * Goes ahead of each statement of a session. For a reader: were the session's own setting undone by a function, its next
 * transaction is read-only all the same.
 */
export const SESSION_PRELUDES: Record<SessionKind, string | undefined> = {
  reader: "SET TRANSACTION READ ONLY",
  application: undefined,
  transaction: undefined,
  inspection: undefined,
  admin: undefined,
  control: undefined,
};

/** With these an OK packet names the GTID of the commit, and says whether the session was changed. */
const TRACK_GTIDS: Record<Flavour, string> = {
  mysql: "session_track_gtids='OWN_GTID',session_track_system_variables='',session_track_state_change=ON",
  mariadb: "session_track_system_variables='last_gtid',session_track_state_change=ON",
};

/** A stream whose reader is slow is ended by its own deadline, which is never longer, and not by the server's minute. */
const PATIENCE_SECONDS = 3_600;

/** The statements that a new session of a kind starts with, and starts again with after a reset. */
export function sessionSetUp(kind: SessionKind, flavour: Flavour): string[] {
  const statements = [
    "SET NAMES utf8mb4",
    `SET SESSION autocommit=1,default_storage_engine=InnoDB,sql_mode='${SQL_MODES[flavour]}',${TRACK_GTIDS[flavour]}`,
  ];
  if (kind === "reader") statements.push(`${READ_ONLY[flavour]},net_write_timeout=${PATIENCE_SECONDS}`);
  if (kind === "transaction") statements.push("SET SESSION session_track_transaction_info='STATE'");
  return statements;
}
