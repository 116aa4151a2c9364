import { Socket } from "node:net";
import { CollectedRows, type RowLimits, type StatementOutcome } from "./collected-rows.ts";
import {
  ConnectionLostError,
  QueryCommand,
  type QueryText,
  type RowSink,
  type StatementEnd,
} from "./query-command.ts";
import { quoteName } from "./quote-name.ts";
import type { RawConnection } from "./raw-connection.ts";

const NEUTRAL_DATABASE = "information_schema";
const NO_ROWS: RowLimits = { shape: "arrays", rowsMax: 0, bytesMax: 0 };

/**
 * One connection and what is known of its session: set up once, its current database remembered, reset when a
 * statement has left something behind. One statement at a time.
 */
export class DatabaseSession {
  readonly raw: RawConnection;
  readonly threadId: number;
  readonly #setUp: readonly string[];
  readonly #prelude: string | undefined;
  #database: string | null = null;
  #autocommit = true;
  #inTransaction: boolean | null = null;
  #mustReset = false;
  #usable = true;
  #isDropped = false;
  #rejectRunning: ((error: Error) => void) | null = null;

  /** `prelude` goes ahead of each statement after the set-up, in the same write. */
  constructor(raw: RawConnection, setUp: readonly string[], prelude?: string) {
    this.raw = raw;
    this.#prelude = prelude;
    this.threadId = raw.threadId;
    this.#setUp = setUp;
    const onGone = (): void => {
      this.#usable = false;
    };
    raw.on("end", onGone);
    raw.on("error", onGone);
  }

  /** Runs the statements that make it a session of its kind. Before the first use, and again after a reset. */
  async setUp(): Promise<void> {
    for (const sql of this.#setUp) await this.#send({ sql }, new CollectedRows(NO_ROWS));
    this.#mustReset = false;
    this.#autocommit = true;
  }

  /** True where each statement commits by itself; else all are of one transaction until COMMIT or ROLLBACK. */
  get autocommit(): boolean {
    return this.#autocommit;
  }

  /** As the server said with its last answer that was no error; null before, and where that was cut short. */
  get inTransaction(): boolean | null {
    return this.#inTransaction;
  }

  /** False once the connection is known to be gone; it must not be lent again. */
  get isUsable(): boolean {
    return this.#usable;
  }

  /** True where this side has closed it, so that the server may go on with it for a while. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** True where the next caller would find traces. */
  get needsReset(): boolean {
    return (this.#mustReset || this.#inTransaction === true) && this.#usable;
  }

  /** To be called when something may have left state that the server does not report. */
  markForReset(): void {
    this.#mustReset = true;
  }

  /** Runs one statement. Throws what the server or the connection threw, unclassified. */
  async run(sql: string, limits: RowLimits = NO_ROWS): Promise<StatementOutcome> {
    const query = { sql, prelude: this.#prelude };
    const outcome = await this.#collect(query, limits);
    if (!outcome.foundTraces) return outcome;
    // A query before left something in the session that this one may have seen. What has a prelude may run twice.
    await this.reset();
    return await this.#collect(query, limits);
  }

  /**
   * Runs one statement and hands its rows to `sink`. Resolves after the last one. That the prelude met traces is the sink's to
   * look at.
   */
  async stream(sql: string, sink: RowSink): Promise<StatementEnd> {
    return await this.#send({ sql, prelude: this.#prelude }, sink);
  }

  /** Reads nothing more from the server until {@link resume}, so that it stops sending. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  get #socket(): Socket | undefined {
    return "stream" in this.raw && this.raw.stream instanceof Socket ? this.raw.stream : undefined;
  }

  async #collect(query: QueryText, limits: RowLimits): Promise<StatementOutcome> {
    const rows = new CollectedRows(limits);
    return rows.outcome(await this.#send(query, rows));
  }

  async #send(query: QueryText, sink: RowSink): Promise<StatementEnd> {
    const { promise, resolve, reject } = Promise.withResolvers<StatementEnd>();
    this.#rejectRunning = reject;
    const command = new QueryCommand(query, sink, (error, end) => {
      if (end) resolve(end);
      else reject(error ?? new Error("no outcome"));
    });
    this.raw.addCommand(command);
    try {
      const end = await promise;
      if (end.stateChanged) this.#mustReset = true;
      this.#inTransaction = end.inTransaction;
      if (end.inTransaction === null) this.destroy();
      return end;
    } catch (error) {
      if (error instanceof ConnectionLostError) this.#close();
      throw error;
    } finally {
      this.#rejectRunning = null;
    }
  }

  /** Makes `database` the current one; asks the server only where it is another one than before, or `anew`. */
  async useDatabase(database: string | undefined, anew = false): Promise<void> {
    // A session can't go back to no database: information_schema is the one where nothing of the client's is found.
    const wanted = database ?? (this.#database === null ? null : NEUTRAL_DATABASE);
    if (wanted === null || (wanted === this.#database && !anew)) return;
    const stateBefore = this.#mustReset;
    // MariaDB looks nothing up anew where the database is the current one already
    if (wanted === this.#database) await this.run(`USE ${NEUTRAL_DATABASE}`);
    await this.run(`USE ${quoteName(wanted)}`);
    this.#mustReset = stateBefore;
    this.#database = wanted;
  }

  /** Asks the server only where it is not so already. Not within a transaction. */
  async useAutocommit(autocommit: boolean): Promise<void> {
    if (autocommit === this.#autocommit) return;
    const stateBefore = this.#mustReset;
    await this.run(`SET SESSION autocommit=${autocommit ? 1 : 0}`);
    this.#mustReset = stateBefore;
    this.#autocommit = autocommit;
  }

  /** Brings the session back to how it was set up, where a statement has changed it. */
  async clean(): Promise<void> {
    if (this.needsReset) await this.reset();
  }

  /** Ends whatever the session holds: transaction, locks, variables, temporary tables. */
  async reset(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#rejectRunning = reject;
      this.raw.reset((error) => (error ? reject(error) : resolve()));
    }).catch((error: unknown) => {
      this.destroy();
      throw error;
    });
    await this.setUp();
  }

  /** Drops the connection at once; a statement under way fails as if the connection had broken. */
  destroy(): void {
    if (this.#usable) this.#isDropped = true;
    this.#close();
  }

  #close(): void {
    this.#usable = false;
    this.raw.destroy();
    // destroy() only half-closes; what the server still sends is nobody's.
    this.#socket?.destroy();
    this.#rejectRunning?.(new ConnectionLostError("the connection was dropped", true));
  }
}
