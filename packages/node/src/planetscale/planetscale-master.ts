import { isCodedError } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { ClientExecutor, Committed, QueryResult, SqlExecutor } from "@understudy/sql-executor";
import { problemOf } from "../http/problem-answer.ts";
import type { MasterRole } from "../roles/master-role.ts";
import { confirmWrite } from "../writes/confirm-write.ts";
import type { PlanetscaleCall, PlanetscaleSession } from "./planetscale-call.ts";
import { transactionWordOf, type TransactionWord } from "./transaction-words.ts";
import { vitessError, type VitessError } from "./vitess-error.ts";
import { vitessField, vitessRow, type VitessField, type VitessRow } from "./vitess-result.ts";

/** What one statement brought, as a driver reads it. */
export interface PlanetscaleResult {
  readonly fields?: readonly VitessField[];
  readonly rows?: readonly VitessRow[];
  readonly rowsAffected?: string;
  readonly insertId?: string;
}

/** What a call is answered with, and the session for the next one. */
export interface PlanetscaleOutcome {
  readonly session: PlanetscaleSession;
  readonly result?: PlanetscaleResult;
  readonly error?: VitessError;
}

/** What queries run on. */
export interface PlanetscaleReader {
  readonly executor: Pick<ClientExecutor, "execute" | "query" | "commitsByItself" | "openTransaction">;
  /** Throws `forbidden` where the caller may not send the statement. */
  readonly authorize: (sql: string) => void;
  /** Rows of one answer at most. */
  readonly rowsMax: number;
}

/** What all calls run on. */
export interface PlanetscaleMaster extends PlanetscaleReader {
  readonly role: MasterRole;
  /** The name of the token whose transactions it begins and goes on with. */
  readonly owner: string | null;
}

const ACK_TIMEOUT_MS = 5000;
/** Drivers can't say how long a transaction may stay open. */
const LIMITS = { idleTimeoutMs: 5000, maxMs: 30_000 } as const;
/** A driver is told neither. */
const NOWHERE = { instance: "", requestId: "" } as const;
const NOTHING: PlanetscaleResult = {};

/**
 * Runs a statement of a driver on the master. An error of the statement is part of the outcome, so that the session goes on; a driver
 * ends a transaction with ROLLBACK after any error, also of COMMIT, and forgets the error where that fails.
 */
export async function runOnMaster(on: PlanetscaleMaster, call: PlanetscaleCall): Promise<PlanetscaleOutcome> {
  const { role, executor } = on;
  const { session } = call;
  try {
    const word = transactionWordOf(call.sql);
    if (session.transaction !== undefined) role.transactions.checkOwner(session.transaction, on.owner);
    if (word) return await runWord(on, word, call);
    on.authorize(call.sql);
    if (session.transaction !== undefined) {
      const result = await runInside(on, { sql: call.sql, id: session.transaction });
      return { session, result };
    }
    if (isQuery(executor, call.sql)) return await runRead(on, call);
    return await runChange(role, executor, call);
  } catch (error) {
    return { session, error: toldError(error) };
  }
}

/** Runs a query outside of any transaction, on this node's own data. */
export async function runRead(
  { executor, authorize, rowsMax }: PlanetscaleReader,
  { sql, database, session }: PlanetscaleCall,
): Promise<PlanetscaleOutcome> {
  try {
    authorize(sql);
    const query = { sql, database, rows: "arrays", maxRows: rowsMax } as const;
    return { session, result: rowsOf(await executor.query(query)) };
  } catch (error) {
    return { session, error: toldError(error) };
  }
}

/** True for what is no change: the executor itself says what it would run as one. What it would run in no way is told by `query`. */
export function isQuery(executor: Pick<SqlExecutor, "commitsByItself">, sql: string): boolean {
  try {
    executor.commitsByItself(sql);
    return false;
  } catch {
    return true;
  }
}

async function runChange(
  role: MasterRole,
  executor: PlanetscaleMaster["executor"],
  { sql, database, session }: PlanetscaleCall,
): Promise<PlanetscaleOutcome> {
  role.acks.check({});
  const { affectedRows, insertId, ...committed } = await executor.execute({ sql, database });
  return confirmed(role, { committed, session, result: changeOf(affectedRows, insertId) });
}

async function runInside(
  { role: { transactions }, executor, rowsMax }: PlanetscaleMaster,
  { sql, id }: { readonly sql: string; readonly id: string },
): Promise<PlanetscaleResult> {
  if (isQuery(executor, sql)) {
    try {
      return rowsOf(await transactions.query(id, { sql, rows: "arrays", maxRows: rowsMax }));
    } catch (error) {
      // a savepoint is neither, but for a transaction a change
      if (!isCodedError(error, "not-allowed")) throw error;
    }
  }
  const { affectedRows, insertId } = await transactions.execute(id, { sql });
  return changeOf(affectedRows, insertId);
}

async function runWord(
  { role, executor, owner }: PlanetscaleMaster,
  word: TransactionWord,
  { session, database }: PlanetscaleCall,
): Promise<PlanetscaleOutcome> {
  const { transaction: id, isolation, ...rest } = session;
  switch (word.kind) {
    case "isolation":
      return { session: { ...session, isolation: word.level }, result: NOTHING };
    case "begin": {
      if (id !== undefined) {
        throw new UnderstudyError("not-allowed", "a transaction is open already; end it, or use SAVEPOINT");
      }
      const begun = await role.transactions.begin({ database, isolation, executor, owner, ...LIMITS });
      return { session: { ...rest, transaction: begun.id }, result: NOTHING };
    }
    case "commit": {
      if (id === undefined) return { session, result: NOTHING };
      role.acks.check({});
      const committed = await role.transactions.commit(id, {
        positionOf: (gtid) => role.noteWrite(gtid),
      });
      return confirmed(role, { committed, session: rest, result: NOTHING });
    }
    case "rollback":
      if (id !== undefined) await rollBack(role, id);
      return { session: rest, result: NOTHING };
    default:
      return word satisfies never;
  }
}

/** Whoever rolls back what is rolled back already has what was asked for. Throws `transaction-expired` where it was committed. */
async function rollBack({ transactions }: MasterRole, id: string): Promise<void> {
  try {
    await transactions.rollback(id);
  } catch (error) {
    const isRolledBack =
      isCodedError(error, "transaction-expired") && error.details["outcome"] === "rolled-back";
    if (!isRolledBack) throw error;
  }
}

/** The write is done, whatever comes of its confirmation: the session knows where it is. */
async function confirmed(
  role: MasterRole,
  done: {
    readonly committed: Committed;
    readonly session: PlanetscaleSession;
    readonly result: PlanetscaleResult;
  },
): Promise<PlanetscaleOutcome> {
  const session = { ...done.session, position: role.noteWrite(done.committed.gtid) };
  try {
    await confirmWrite(role, done.committed, { ackTimeoutMs: ACK_TIMEOUT_MS });
    return { session, result: done.result };
  } catch (error) {
    return { session, error: toldError(error) };
  }
}

function changeOf(affectedRows: number, insertId: string | null): PlanetscaleResult {
  return { rowsAffected: String(affectedRows), insertId: insertId ?? "0" };
}

function rowsOf({ columns, rows }: QueryResult): PlanetscaleResult {
  return {
    fields: columns.map((column) => vitessField(column)),
    rows: rows.map((row) => vitessRow(columns, Array.isArray(row) ? row : Object.values(row))),
  };
}

/** Throws what is no error of the statement but a defect, so that it is logged as one. */
function toldError(error: unknown): VitessError {
  if (!(error instanceof UnderstudyError) || error.code === "internal") throw error;
  return vitessError(problemOf(error, NOWHERE));
}
