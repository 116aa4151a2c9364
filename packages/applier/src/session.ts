import { readExecutedPosition, ServerError, type GtidPosition } from "@understudy/binlog";
import { messageOf } from "@understudy/kernel";
import { isUnderstudyError, UnderstudyError, type Flavour } from "@understudy/protocol";
import type { ApplierConnection } from "./applier-connection.ts";
import { buildComQuery, type ComQuery, type SqlPiece } from "./com-query.ts";
import { dropStagingTables } from "./create-select.ts";
import { trackedGtid } from "./ok-packet.ts";
import { runCounted, runPlain } from "./run-query.ts";
import { baseSettings, OPTIONAL_SETTINGS, settingsChange, type Settings } from "./session-context.ts";

/** How a session is made. */
export interface SessionOptions {
  readonly flavour: Flavour;
  readonly connect: (signal: AbortSignal) => Promise<ApplierConnection>;
  readonly lockWaitSeconds?: number;
  /** False for a session that works beside an applier's, and so leaves that one's lock and tables alone. Default true. */
  readonly isApplier?: boolean;
  readonly signal: AbortSignal;
}

/**
 * One session in the slave's server, set up for applying. Its calls reject with `ServerError` for an error packet; for
 * anything else with `database-unavailable`, and then the session is gone.
 */
export class Session {
  readonly flavour: Flavour;
  /** The session settings under which rows are applied. */
  readonly base: Settings;
  /** The server's limit on one statement's bytes. */
  readonly packetBytesMax: number;
  readonly #connection: ApplierConnection;
  #lastGtid: string | null = null;
  readonly #onOk = (payload: Buffer): void => {
    this.#lastGtid = trackedGtid(payload) ?? this.#lastGtid;
  };

  constructor(
    options: { readonly flavour: Flavour; readonly base: Settings; readonly packetBytesMax: number },
    connection: ApplierConnection,
  ) {
    this.flavour = options.flavour;
    this.base = options.base;
    this.packetBytesMax = options.packetBytesMax;
    this.#connection = connection;
  }

  /** Statements that each answer with one OK; see {@link runCounted}. */
  counted(query: ComQuery, answers: number): Promise<void> {
    return this.#guard(runCounted(this.#connection, query, { answers, onOk: this.#onOk }));
  }

  /** Statements with whatever answers; gives the rows of the last one. */
  plain(pieces: readonly SqlPiece[]): Promise<readonly (string | null)[][]> {
    return this.plainQuery(buildComQuery(this.flavour, pieces));
  }

  /** As {@link plain}, for a packet that is made already. */
  plainQuery(query: ComQuery): Promise<readonly (string | null)[][]> {
    return this.#guard(runPlain(this.#connection, query, this.#onOk));
  }

  /**
   * MariaDB: the GTID that this session wrote last, by the server's word; empty where it has written none. It comes with the answers to
   * statements, so it costs no question of its own once there is one.
   */
  async lastGtid(): Promise<string> {
    if (this.#lastGtid === null) {
      const [row] = await this.plain(["SELECT @@last_gtid"]);
      return row?.[0] ?? "";
    }
    return this.#lastGtid;
  }

  /** What this server has committed, by its own word. */
  async readPosition(): Promise<GtidPosition> {
    const questions = {
      rows: async (sql: string): Promise<Record<string, string | null>[]> =>
        (await this.plain([sql])).map(([value]) => ({ value: value ?? null })),
    };
    return readExecutedPosition(questions, this.flavour);
  }

  /** Takes back what is not committed and lets go of the GTID. */
  async rollBack(): Promise<void> {
    const release = this.flavour === "mysql" ? "SET GTID_NEXT='AUTOMATIC'" : "SET @@session.gtid_seq_no=0";
    await this.plain(["ROLLBACK"]);
    await this.plain([release]);
  }

  /** Ends the connection; what is not committed is rolled back by the server. */
  destroy(): void {
    this.#connection.destroy();
  }

  async #guard<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof ServerError) throw error;
      this.#connection.destroy();
      throw unavailable(error);
    }
  }
}

/** Connects and sets the session up. Throws `database-unavailable`, or what `connect` throws with a code of ours. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { flavour, signal } = options;
  const connection = await options.connect(signal);
  try {
    const ask = (sql: string): Promise<readonly (string | null)[][]> =>
      runPlain(connection, buildComQuery(flavour, [Buffer.from(sql)]));
    const isApplier = options.isApplier ?? true;
    if (isApplier) await becomeOnly(ask);
    for (const sql of SETUP[flavour]) await settle(ask(sql));
    const lockWait = options.lockWaitSeconds ?? LOCK_WAIT_SECONDS;
    await ask(`SET SESSION lock_wait_timeout=${lockWait}, innodb_lock_wait_timeout=${lockWait}`);
    if (isApplier && flavour === "mariadb") await dropStagingTables(ask);
    const known = new Set<string>();
    for (const name of OPTIONAL_SETTINGS) if (await settle(ask(`SELECT @@session.${name}`))) known.add(name);
    const [row] = await ask("SELECT @@collation_server, @@session.time_zone, @@max_allowed_packet");
    const collation = await settle(ask("SELECT @@session.default_collation_for_utf8mb4"));
    const base = baseSettings(flavour, {
      collationServer: row?.[0] ?? "utf8mb4_general_ci",
      timeZone: row?.[1] ?? "SYSTEM",
      defaultCollationForUtf8mb4: collation?.[0]?.[0] ?? null,
      known,
    });
    const set = settingsChange(new Map(), base);
    if (set !== null) await ask(set);
    return new Session({ flavour, base, packetBytesMax: Number(row?.[2] ?? 0) || 1 << 30 }, connection);
  } catch (error) {
    connection.destroy();
    throw unavailable(error);
  }
}

/**
 * Takes the lock that an applier's session holds for its life. A session that was lost may still be at work in the server, so
 * that its position would not hold yet: it is waited for, and killed when it does not end by itself. Throws `database-unavailable`.
 */
async function becomeOnly(ask: (sql: string) => Promise<readonly (string | null)[][]>): Promise<void> {
  for (let attempt = 0; attempt < TAKEOVER_ATTEMPTS; attempt++) {
    const [got] = await ask(`SELECT GET_LOCK('${SESSION_LOCK}', ${TAKEOVER_WAIT_SECONDS})`);
    if (got?.[0] === "1") return;
    const [holder] = await ask(`SELECT IS_USED_LOCK('${SESSION_LOCK}')`);
    if (holder?.[0]) await settle(ask(`KILL CONNECTION ${holder[0]}`));
  }
  throw new UnderstudyError(
    "database-unavailable",
    "an earlier session of the applier is still at work in the server",
  );
}

const LOCK_WAIT_SECONDS = 20;
const SESSION_LOCK = "understudy.applier";
const TAKEOVER_WAIT_SECONDS = 2;
const TAKEOVER_ATTEMPTS = 10;

/** Null where the server refuses: the setting is not one of this version's. */
async function settle<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ServerError) return null;
    throw error;
  }
}

function unavailable(error: unknown): UnderstudyError {
  if (isUnderstudyError(error)) return error;
  return new UnderstudyError(
    "database-unavailable",
    `the database server's session is lost: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

/**
 * Once a session; each on its own, since not every version knows each of them. Lock waits are short, because they are tried again
 * anyway and a person should hear of them. Rules that the master may have loosened for itself are off, and nothing ends an idle session.
 */
const SETUP: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: [
    "SET SESSION transaction_isolation='READ-COMMITTED'",
    "SET SESSION autocommit=1, completion_type=0, wait_timeout=31536000",
    "SET SESSION pseudo_replica_mode=1",
    "SET SESSION sql_generate_invisible_primary_key=OFF",
    "SET SESSION restrict_fk_on_non_standard_key=OFF",
    "SET SESSION innodb_strict_mode=OFF",
    "SET SESSION binlog_row_image=FULL",
    "SET SESSION binlog_rows_query_log_events=OFF",
    "SET SESSION session_track_schema=OFF, session_track_system_variables=''",
  ],
  mariadb: [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION autocommit=1, completion_type=0, wait_timeout=31536000",
    "SET SESSION max_statement_time=0, idle_transaction_timeout=0, idle_write_transaction_timeout=0",
    "SET SESSION pseudo_slave_mode=1",
    // else each transaction's binlog entry would hold the text of its BINLOG statement
    "SET SESSION binlog_annotate_row_events=OFF",
    "SET SESSION binlog_row_image=FULL",
    "SET SESSION innodb_strict_mode=OFF",
    "SET SESSION system_versioning_alter_history=KEEP",
    "SET SESSION sql_safe_updates=0",
    // each answer tells the GTID that was written, see StepRunner
    "SET SESSION session_track_schema=OFF, session_track_system_variables='last_gtid'",
  ],
};
