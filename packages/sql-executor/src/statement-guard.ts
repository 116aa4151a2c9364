import { UnderstudyError } from "@understudy/protocol";
import { HIDDEN_SCHEMAS } from "./accounts.ts";
import type { ClientRight } from "./client-access.ts";
import { NON_TRANSACTIONAL_ENGINES, type StatementShape } from "./statement-shape.ts";

type Kind = "read" | "write" | "unknown";

const READS = new Set("SELECT TABLE VALUES SHOW DESCRIBE DESC EXPLAIN CHECKSUM HELP".split(" "));
const WRITES = new Set(
  "INSERT REPLACE UPDATE DELETE CREATE ALTER DROP RENAME TRUNCATE CALL DO ANALYZE OPTIMIZE REPAIR CHECK COMMENT".split(
    " ",
  ),
);
const CHANGING_ROWS = new Set(
  "INSERT REPLACE UPDATE DELETE CALL DO EXPLAIN DESCRIBE DESC ANALYZE".split(" "),
);
/** They end a transaction by themselves, so that it can't be all or nothing. */
const ENDING_TRANSACTIONS = new Set(
  "CREATE ALTER DROP RENAME TRUNCATE ANALYZE OPTIMIZE REPAIR CHECK CALL".split(" "),
);

const SESSION = "what it sets up would not outlive the call, since each call gets a clean session";
const TRANSACTION = "a transaction does not outlive the call; use /batch or POST /transactions";
const REPLICATION =
  "it would break replication or the server under the node; use the node's own API or a mysql client";
const ACCOUNTS = "accounts and rights are managed by a person with a mysql client (which is replicated)";
const FILES = "the server's files are out of reach";
const COMPOUND = "compound statements belong into a stored procedure";

const DENIED: ReadonlyMap<string, string> = new Map([
  ...reasons(SESSION, "SET USE PREPARE EXECUTE DEALLOCATE DECLARE HANDLER LOCK UNLOCK"),
  ...reasons(TRANSACTION, "BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE XA"),
  ...reasons(
    REPLICATION,
    "RESET CHANGE PURGE BINLOG FLUSH SHUTDOWN RESTART KILL INSTALL UNINSTALL CLONE STOP CACHE BACKUP",
  ),
  ...reasons(FILES, "LOAD IMPORT"),
  ...reasons(ACCOUNTS, "GRANT REVOKE"),
  ...reasons(COMPOUND, "IF CASE LOOP REPEAT WHILE FOR SIGNAL RESIGNAL GET RETURN ITERATE LEAVE"),
]);
const DENIED_OBJECTS: ReadonlyMap<string, string> = new Map([
  ...reasons(ACCOUNTS, "USER ROLE"),
  ...reasons(REPLICATION, "SERVER TABLESPACE UNDO LOGFILE RESOURCE SPATIAL INSTANCE CATALOG"),
]);

const LOCK_FUNCTIONS = ["GET_LOCK", "RELEASE_LOCK", "RELEASE_ALL_LOCKS"] as const;

function reasons(reason: string, verbs: string): [string, string][] {
  return verbs.split(" ").map((verb) => [verb, reason]);
}

/** Lets pass what /query may hold. Throws `not-a-query` for an effect, `not-allowed` for what no client may send. */
export function guardQuery(shape: StatementShape): void {
  guardAlways(shape);
  if (kindOf(shape) === "write") {
    throw notAQuery(shape);
  }
  if (shape.hasLockingRead) {
    throw new UnderstudyError(
      "not-a-query",
      "a locking read (FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE) needs a transaction; use /batch or POST /transactions",
    );
  }
}

/** Lets pass what /execute may hold. Throws `not-allowed`. */
export function guardExecute(shape: StatementShape): void {
  guardAlways(shape);
  if (kindOf(shape) === "read") {
    throw notAllowed(
      shape.verb,
      "it is a query; send it to /query, or to /batch where it is part of a transaction",
    );
  }
}

/** Lets pass what one statement of a batch may be; true where it is a query. Throws `not-allowed`. */
export function guardBatchStatement(shape: StatementShape): boolean {
  guardAlways(shape);
  if (shape.verb === "CALL") {
    throw notAllowed(
      "CALL",
      "a procedure may commit, and what came before it with it; send it to /execute, outside the transaction",
    );
  }
  const kind = kindOf(shape);
  if (endsTransaction(shape)) {
    throw notAllowed(
      shape.verb,
      "it commits by itself, and what came before it with it; send it to /execute, outside the transaction",
    );
  }
  return kind === "read";
}

/** Lets pass what a query inside of an open transaction may hold: as outside of it, and locking reads. */
export function guardTransactionQuery(shape: StatementShape): void {
  guardAlways(shape);
  if (kindOf(shape) === "write") throw notAQuery(shape);
}

/** Lets pass what changes data inside of an open transaction, and savepoints. Throws `not-allowed`. */
export function guardTransactionExecute(shape: StatementShape): void {
  if (isSavepoint(shape)) return;
  if (guardBatchStatement(shape)) {
    throw notAllowed(shape.verb, "it is a query; send it to the transaction's /query");
  }
}

/** The right that a statement needs; of what is not known to be anything less, that of a definition. */
export function rightFor(shape: StatementShape): ClientRight {
  if (isSavepoint(shape)) return "write";
  const kind = kindOf(shape);
  if (kind === "read") return "read";
  const verb = shape.verb === "WITH" ? shape.mainVerb : shape.verb;
  return kind === "write" && CHANGING_ROWS.has(verb) ? "write" : "ddl";
}

function isSavepoint({ verb, second, mentions }: StatementShape): boolean {
  if (verb === "SAVEPOINT") return true;
  if (verb === "RELEASE") return second === "SAVEPOINT";
  return verb === "ROLLBACK" && (second === "TO" || (second === "WORK" && mentions.has("TO")));
}

/** True where the statement ends a transaction by itself, or may. */
export function endsTransaction(shape: StatementShape): boolean {
  return kindOf(shape) === "write" && ENDING_TRANSACTIONS.has(shape.verb);
}

/** True where the statement may leave something in its session that the next caller must not find. */
export function leavesState(shape: StatementShape): boolean {
  return (
    shape.hasVariables ||
    shape.verb === "CALL" ||
    shape.mentions.has("SQL_CALC_FOUND_ROWS") ||
    shape.mentions.has("LAST_INSERT_ID")
  );
}

/** True where the statement asks for what an earlier one left in its session. */
export function readsState(shape: StatementShape): boolean {
  return ["LAST_INSERT_ID", "FOUND_ROWS", "ROW_COUNT", "LASTVAL"].some((word) => shape.mentions.has(word));
}

/** Throws `forbidden` for a current database in which a client has no business. */
export function guardDatabase(database: string | undefined): void {
  if (database !== undefined && isHidden(database)) throw hidden(database);
}

function isHidden(schema: string): boolean {
  return HIDDEN_SCHEMAS.some((name) => name === schema.toLowerCase());
}

function hidden(schema: string): UnderstudyError {
  return new UnderstudyError("forbidden", `the schema ${schema} is the node's own or the server's`);
}

function guardAlways(shape: StatementShape): void {
  const { verb, mentions, engine, targetSchemas } = shape;
  const reason = DENIED.get(verb) ?? deniedObject(shape);
  if (reason !== undefined)
    throw notAllowed(verb === "START" || verb === "STOP" ? `${verb} ${shape.second}` : verb, reason);
  for (const schema of targetSchemas) if (isHidden(schema)) throw hidden(schema);
  if (mentions.has("TEMPORARY") && (verb === "CREATE" || verb === "DROP")) {
    throw notAllowed("a temporary table", SESSION);
  }
  if (shape.hasInto && isRead(shape.mainVerb)) {
    throw notAllowed("SELECT … INTO", mentions.has("OUTFILE") || mentions.has("DUMPFILE") ? FILES : SESSION);
  }
  for (const lock of LOCK_FUNCTIONS) {
    if (mentions.has(lock))
      throw notAllowed(lock, "a lock does not outlive the call, and is one server's only");
  }
  if (mentions.has("SQL_LOG_BIN")) throw notAllowed("sql_log_bin", REPLICATION);
  if (mentions.has("SONAME")) throw notAllowed("SONAME", FILES);
  if (engine !== null && NON_TRANSACTIONAL_ENGINES.has(engine)) {
    throw notAllowed(
      `ENGINE=${engine}`,
      "it has no transactions, so its changes can't be replicated exactly once; use InnoDB",
    );
  }
}

function deniedObject({ verb, objectKind }: StatementShape): string | undefined {
  const changesObjects = verb === "CREATE" || verb === "ALTER" || verb === "DROP" || verb === "RENAME";
  return changesObjects ? DENIED_OBJECTS.get(objectKind) : undefined;
}

function kindOf(shape: StatementShape): Kind {
  const { verb, mainVerb } = shape;
  if (verb === "ANALYZE")
    return mainVerb !== "" && isRead(mainVerb) && mainVerb !== "TABLE" ? "read" : "write";
  if (verb === "WITH") return isRead(mainVerb) ? "read" : WRITES.has(mainVerb) ? "write" : "unknown";
  if (verb === "EXPLAIN" || verb === "DESCRIBE" || verb === "DESC") {
    return shape.mentions.has("ANALYZE") && WRITES.has(mainVerb) ? "write" : "read";
  }
  if (READS.has(verb)) return "read";
  return WRITES.has(verb) ? "write" : "unknown";
}

function isRead(verb: string): boolean {
  return verb === "SELECT" || verb === "TABLE" || verb === "VALUES";
}

function notAQuery(shape: StatementShape): UnderstudyError {
  return new UnderstudyError(
    "not-a-query",
    `${shape.mainVerb || shape.verb} has an effect; send it to /execute`,
  );
}

function notAllowed(what: string, reason: string): UnderstudyError {
  return new UnderstudyError("not-allowed", `${what} is not allowed here: ${reason}`);
}
