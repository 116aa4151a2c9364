import { ServerError, type BinlogEvent, type GtidPosition } from "@understudy/binlog";
import { backoffMs, type Clock, type Logger, type Random } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { applyFailed, tableOf } from "./apply-failure.ts";
import { buildBatch } from "./batch.ts";
import { buildComQuery } from "./com-query.ts";
import { runAction } from "./run-action.ts";
import type { Session } from "./session.ts";
import { isLockError, isUnavailableError } from "./error-kinds.ts";
import { isMarkOf, isSplitError, SPLIT_WORDS, WHOLENESS_QUESTION } from "./wholeness.ts";
import type { ActionStep, BatchEntry, BatchStep, Step } from "./step.ts";

/** What a {@link StepRunner} works with. */
export interface StepRunnerOptions {
  readonly session: Session;
  /** Another session in the place of one that was left on purpose. */
  readonly reopen: () => Promise<Session>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const LOCK_BACKOFF = { baseMs: 20, maxMs: 2000 } as const;
const PACKET_TOO_LARGE = 1153;
const UNKNOWN_XA = 1397;
const XA_ATTEMPTS_MAX = 10;
const XA_END = /^XA COMMIT|^XA ROLLBACK/;

/** Carries out steps on one session, one after another. After it has thrown, its session is of no more use. */
export class StepRunner {
  readonly #options: StepRunnerOptions;
  #session: Session;
  #format: BinlogEvent | null = null;
  /** MariaDB: the GTID that this session wrote last, as far as it is verified. */
  #written = "";

  constructor(options: StepRunnerOptions) {
    this.#options = options;
    this.#session = options.session;
  }

  get session(): Session {
    return this.#session;
  }

  /**
   * Resolves when the step is done; `onCommitted` hears of each transaction that it committed, also where it then throws.
   * A lock in the way is waited for as long as it takes. Throws `apply-failed` or `database-unavailable`.
   */
  async run(step: Step, onCommitted: (gtids: readonly string[]) => void): Promise<void> {
    switch (step.kind) {
      case "format":
        this.#format = step.event;
        return this.#sendFormat();
      case "batch":
        return this.#batch(step, onCommitted);
      case "action":
        return this.#action(step);
      case "finish":
        await this.#useUpGtid(step.gtid);
        await this.#verify([step.gtid]);
        return onCommitted([step.gtid]);
      case "detach":
        return this.#detach();
      case "abandon":
        this.#session.destroy();
        throw new UnderstudyError(
          "database-unavailable",
          "a delivery ended within a transaction, which was rolled back",
        );
      default:
        return step satisfies never;
    }
  }

  async #sendFormat(): Promise<void> {
    if (this.#format) await this.#session.plain(["BINLOG '", { base64: [this.#format.bytes] }, "'"]);
  }

  async #batch(step: BatchStep, onCommitted: (gtids: readonly string[]) => void): Promise<void> {
    let left: readonly BatchEntry[] = step.entries;
    let { query, answers } = step;
    for (let attempt = 0; ; attempt++) {
      const [first] = left;
      this.#checkSize(query.length(), first?.gtid ?? "", first?.tableMap ?? null);
      try {
        await this.#session.counted(query, answers);
        const gtids = left.map((entry) => entry.gtid);
        await this.#verify(gtids);
        return onCommitted(gtids);
      } catch (error) {
        if (!(error instanceof ServerError)) throw error;
        const done = await this.#committedOf(left, error);
        onCommitted(left.slice(0, done).map((entry) => entry.gtid));
        left = left.slice(done);
        const failed = left[0];
        if (failed === undefined) return;
        await this.#judge(error, {
          gtid: failed.gtid,
          tableMap: failed.tableMap,
          attempt: done > 0 ? 0 : attempt,
        });
        ({ query, answers } = buildBatch(this.#session.flavour, left));
      }
    }
  }

  /**
   * After an error: how many of the entries are committed, by the server's own word. Throws `apply-failed` where that word cannot be
   * true of whole transactions.
   */
  async #committedOf(entries: readonly BatchEntry[], error: ServerError): Promise<number> {
    const position = await this.#rollBack();
    let count = entries.length;
    while (count > 0 && !position.containsGtid(entries[count - 1]?.gtid ?? "")) count -= 1;
    const last = entries[count - 1];
    if (this.#session.flavour === "mysql") return count;
    if (isSplitError(error)) throw this.#split(last ?? entries[0], error);
    if (last?.isMarked === true) {
      const [row] = await this.#session.plain([WHOLENESS_QUESTION]);
      if (!isMarkOf(row?.[0], last.gtid)) throw this.#split(last, error);
    }
    if (count === entries.length && !isUnavailableError(error)) throw this.#split(last, error);
    await this.#verify(entries.slice(0, count).map((entry) => entry.gtid));
    return count;
  }

  #split(
    at: { readonly gtid: string; readonly tableMap: BinlogEvent | null } | undefined,
    error: ServerError,
  ): UnderstudyError {
    return applyFailed(
      {
        gtid: at?.gtid ?? "",
        table: tableOf(at?.tableMap ?? null),
        error: `${SPLIT_WORDS} (${error.message})`,
        errno: error.errno,
        isDivided: true,
      },
      error,
    );
  }

  /**
   * MariaDB: the GTID that the server wrote last must be one that it was told to write. A transaction without effect is not written
   * at all, so an earlier one may be the last. MySQL refuses to write anything between two GTIDs that it was told, by itself.
   */
  async #verify(gtids: readonly string[]): Promise<void> {
    if (this.#session.flavour === "mysql") return;
    const written = await this.#session.lastGtid();
    const wanted = gtids.at(-1) ?? "";
    const isTold =
      written === wanted || written === this.#written || written === "" || gtids.includes(written);
    if (!isTold) {
      throw applyFailed({
        gtid: wanted,
        table: null,
        error: `the server wrote ${written} last, which is none of those it was told; ${SPLIT_WORDS}`,
        errno: null,
        isDivided: true,
      });
    }
    this.#written = written;
  }

  async #rollBack(): Promise<GtidPosition> {
    try {
      await this.#session.rollBack();
      return await this.#session.readPosition();
    } catch (error) {
      this.#session.destroy();
      if (error instanceof ServerError) {
        throw new UnderstudyError("database-unavailable", `rolling back failed: ${error.message}`, {
          cause: error,
        });
      }
      throw error;
    }
  }

  async #action(step: ActionStep): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#send(step, attempt);
        return;
      } catch (error) {
        if (!(error instanceof ServerError)) throw error;
        if (isSplitError(error) && this.#session.flavour === "mariadb") throw this.#split(step, error);
        if (isLockError(error) && step.replay === null) {
          await this.#rollBackWhole(step, error);
          this.#session.destroy();
          throw new UnderstudyError(
            "database-unavailable",
            `transaction ${step.gtid} met a lock and must be delivered again: ${error.message}`,
            { cause: error },
          );
        }
        if (!isLockError(error)) this.#session.destroy();
        await this.#judge(error, { gtid: step.gtid, tableMap: step.tableMap, attempt });
        await this.#rollBackWhole(step, error);
        for (const earlier of step.replay ?? []) await this.#action({ ...earlier, replay: null });
      }
    }
  }

  /** Rolls the transaction back. Throws `apply-failed` where the server has written a part of it nevertheless. */
  async #rollBackWhole(step: ActionStep, error: ServerError): Promise<void> {
    const position = await this.#rollBack();
    if (step.gtid !== "" && position.containsGtid(step.gtid)) throw this.#split(step, error);
  }

  async #send(step: ActionStep, attempt: number): Promise<void> {
    const query = buildComQuery(this.#session.flavour, step.pieces);
    this.#checkSize(query.length(), step.gtid, step.tableMap);
    try {
      await runAction(this.#session, step, query);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      if (error.errno === UNKNOWN_XA && isXaEnd(step) && attempt < XA_ATTEMPTS_MAX) {
        // the session that prepared it may still be on its way out
        throw new ServerError(1205, "HY000", error.message);
      }
      throw error;
    }
  }

  /** Returns where the same is to be tried again. */
  async #judge(
    error: ServerError,
    at: { readonly gtid: string; readonly tableMap: BinlogEvent | null; readonly attempt: number },
  ): Promise<void> {
    if (isLockError(error)) {
      this.#options.logger.warn(
        {
          event: "applier.lock-wait",
          gtid: at.gtid,
          table: tableOf(at.tableMap),
          errno: error.errno,
          attempt: at.attempt,
        },
        "another session's lock is in the way of applying; trying again",
      );
      return this.#options.clock.sleep(
        backoffMs(at.attempt, LOCK_BACKOFF, this.#options.random),
        this.#options.signal,
      );
    }
    if (isUnavailableError(error)) {
      this.#session.destroy();
      throw new UnderstudyError(
        "database-unavailable",
        `the database server does not apply now: ${error.message}`,
        {
          cause: error,
        },
      );
    }
    throw applyFailed(
      {
        gtid: at.gtid,
        table: tableOf(at.tableMap),
        error: error.message,
        errno: error.errno,
        isDivided: false,
      },
      error,
    );
  }

  #checkSize(bytes: number, gtid: string, tableMap: BinlogEvent | null): void {
    const max = this.#session.packetBytesMax;
    if (bytes <= max) return;
    const error = `an event needs a statement of ${bytes} bytes, and the server's max_allowed_packet is ${max}: raise it`;
    throw applyFailed({ gtid, table: tableOf(tableMap), error, errno: PACKET_TOO_LARGE, isDivided: false });
  }

  /** On MySQL a statement that the server did not log (it had no effect here) leaves its GTID open: an empty transaction takes it. */
  async #useUpGtid(gtid: string): Promise<void> {
    if (this.#session.flavour !== "mysql") return;
    try {
      const [row] = await this.#session.plain([`SELECT GTID_SUBSET('${gtid}', @@global.gtid_executed)`]);
      if (row?.[0] === "1") return;
      await this.#session.plain(["COMMIT"]);
      await this.#session.plain([`SET GTID_NEXT='${gtid}'`]);
      await this.#session.plain(["BEGIN;COMMIT"]);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.#session.destroy();
      throw applyFailed(
        { gtid, table: null, error: error.message, errno: error.errno, isDivided: false },
        error,
      );
    }
  }

  async #detach(): Promise<void> {
    this.#session.destroy();
    this.#session = await this.#options.reopen();
    this.#written = "";
    await this.#sendFormat();
  }
}

function isXaEnd(step: ActionStep): boolean {
  const [text] = step.pieces;
  return text instanceof Buffer && XA_END.test(text.toString("latin1", 0, 16));
}
