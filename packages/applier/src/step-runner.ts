import type { BinlogEvent, GtidPosition } from "@understudy/binlog";
import { backoffMs, type Clock, type Logger, type Random } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { applyFailed, tableOf } from "./apply-failure.ts";
import { buildBatch } from "./batch.ts";
import { buildComQuery } from "./com-query.ts";
import { runAction } from "./run-action.ts";
import type { Session } from "./session.ts";
import { isLockError, isUnavailableError, ServerError } from "./server-error.ts";
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
        return onCommitted(left.map((entry) => entry.gtid));
      } catch (error) {
        if (!(error instanceof ServerError)) throw error;
        const done = await this.#committedOf(left);
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

  /** After an error: how many of the entries are committed, by the server's own word. */
  async #committedOf(entries: readonly BatchEntry[]): Promise<number> {
    const position = await this.#rollBack();
    let count = entries.length;
    while (count > 0 && !position.containsGtid(entries[count - 1]?.gtid ?? "")) count -= 1;
    return count;
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
        if (isLockError(error) && step.replay === null) {
          this.#session.destroy();
          throw new UnderstudyError(
            "database-unavailable",
            `transaction ${step.gtid} met a lock and must be delivered again: ${error.message}`,
            { cause: error },
          );
        }
        if (!isLockError(error)) this.#session.destroy();
        await this.#judge(error, { gtid: step.gtid, tableMap: step.tableMap, attempt });
        await this.#replay(step);
      }
    }
  }

  /** Rolls the transaction back and leads the session to where the step can be tried again. */
  async #replay(step: ActionStep): Promise<void> {
    await this.#rollBack();
    for (const earlier of step.replay ?? []) await this.#action({ ...earlier, replay: null });
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
      { gtid: at.gtid, table: tableOf(at.tableMap), error: error.message, errno: error.errno },
      error,
    );
  }

  #checkSize(bytes: number, gtid: string, tableMap: BinlogEvent | null): void {
    const max = this.#session.packetBytesMax;
    if (bytes <= max) return;
    const error = `an event needs a statement of ${bytes} bytes, and the server's max_allowed_packet is ${max}: raise it`;
    throw applyFailed({ gtid, table: tableOf(tableMap), error, errno: PACKET_TOO_LARGE });
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
      throw applyFailed({ gtid, table: null, error: error.message, errno: error.errno }, error);
    }
  }

  async #detach(): Promise<void> {
    this.#session.destroy();
    this.#session = await this.#options.reopen();
    await this.#sendFormat();
  }
}

function isXaEnd(step: ActionStep): boolean {
  const [text] = step.pieces;
  return text instanceof Buffer && XA_END.test(text.toString("latin1", 0, 16));
}
