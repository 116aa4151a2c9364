import { decodeQueryEvent, EVENT_TYPE, ServerError, type BinlogEvent } from "@understudy/binlog";
import { invariant, type Logger } from "@understudy/kernel";
import { buildComQuery } from "./com-query.ts";
import { asServerWrote, isCreateTable } from "./create-select.ts";
import { LongTransaction, type PlannedSession } from "./long-transaction.ts";
import { runAction } from "./run-action.ts";
import { endsStatement, withStatementEnd } from "./rows-event.ts";
import { openSession, type Session, type SessionOptions } from "./session.ts";
import { settingsChange } from "./session-context.ts";
import type { ActionStep } from "./step.ts";

/** How a {@link ReplaySession} is opened; `connect` as for an applier. */
export interface ReplaySessionOptions extends Omit<SessionOptions, "isApplier"> {
  readonly logger: Logger;
}

/** `max_allowed_packet` would be passed. */
const PACKET_TOO_LARGE = 1153;

/**
 * A session in which events of a binlog are carried out as if they were said anew: in transactions that the caller begins and ends, and
 * under GTIDs that the server gives. Calls reject with `ServerError` for an error of the server, after which the session can still be
 * used, and with `database-unavailable` where it is lost. One call at a time.
 */
export class ReplaySession implements Disposable {
  readonly #session: Session;
  readonly #logger: Logger;
  readonly #planned: PlannedSession;

  /** Use {@link openReplaySession}. */
  constructor(session: Session, logger: Logger) {
    this.#session = session;
    this.#logger = logger;
    this.#planned = { settings: session.base };
  }

  /** One statement in UTF-8, under the settings that rows are applied with; gives its rows as text. */
  async ask(sql: string): Promise<readonly (string | null)[][]> {
    await this.#toBase();
    return this.#session.plain([Buffer.from(sql)]);
  }

  /** Ends the transaction, whatever the session's settings are. */
  async end(how: "COMMIT" | "ROLLBACK"): Promise<void> {
    await this.#session.plain([how]);
  }

  /** The format of the rows that come next. Not within a transaction. */
  async format(event: BinlogEvent): Promise<void> {
    await this.#toBase();
    await this.#session.plain(["BINLOG '", { base64: [event.bytes] }, "'"]);
    // MySQL then expects a binlog from before there were GTIDs
    if (this.#session.flavour === "mysql") await this.#session.plain(["SET GTID_NEXT='AUTOMATIC'"]);
  }

  /**
   * Table maps and rows events, none of them compressed, as one statement. `asTheyStand` leaves the session's settings alone, which is
   * needed between MySQL's `CREATE TABLE … START TRANSACTION` and its rows.
   */
  async rows(
    events: readonly BinlogEvent[],
    options: { readonly asTheyStand?: boolean } = {},
  ): Promise<void> {
    requireMaps(events);
    if (options.asTheyStand !== true) await this.#toBase();
    const last = events.at(-1);
    const bytes = events.map((event) => (event === last ? withStatementEnd(event.bytes) : event.bytes));
    const query = buildComQuery(this.#session.flavour, ["BINLOG '", { base64: bytes }, "'"]);
    const { packetBytesMax } = this.#session;
    if (query.length() > packetBytesMax) {
      throw new ServerError(
        PACKET_TOO_LARGE,
        "08S01",
        `an event needs a statement of ${query.length()} bytes, and the server's max_allowed_packet is ${packetBytesMax}: raise it`,
      );
    }
    await this.#session.plainQuery(query);
  }

  /**
   * A Query event (not compressed), as its own bytes under the session that it describes, after `before` (INSERT_ID and the like).
   * Throws `binlog-unsupported`, which names `gtid`, for what cannot be repeated faithfully.
   */
  async statement(event: BinlogEvent, gtid: string, before: readonly BinlogEvent[] = []): Promise<void> {
    const steps: ActionStep[] = [];
    const transaction = new LongTransaction({
      flavour: this.#session.flavour,
      gtid,
      base: this.#session.base,
      session: this.#planned,
      emit: (step) => {
        if (step.kind === "action") steps.push(step);
      },
      onUnknownVariable: (code) =>
        this.#logger.warn(
          { event: "replay.unknown-status-variable", code },
          "a statement has an unknown status variable",
        ),
    });
    for (const one of before) transaction.forNextStatement(one);
    const { sql } = decodeQueryEvent(event);
    transaction.query(event, null, isCreateTable(sql) ? asServerWrote : undefined);
    try {
      for (const step of steps) {
        await runAction(this.#session, step, buildComQuery(this.#session.flavour, step.pieces));
      }
    } catch (error) {
      // which of the planned settings were made is not known: nothing is, so the next call sets them all
      this.#planned.settings = new Map();
      throw error;
    }
  }

  /** Ends the connection; the server rolls back what is not committed. */
  [Symbol.dispose](): void {
    this.#session.destroy();
  }

  async #toBase(): Promise<void> {
    const { base } = this.#session;
    const change = settingsChange(this.#planned.settings, base);
    if (change === null) return;
    await this.#session.plain([Buffer.from(change)]);
    this.#planned.settings = base;
  }
}

/** Connects and sets the session up. Throws `database-unavailable`, or what `connect` throws with a code of ours. */
export async function openReplaySession(options: ReplaySessionOptions): Promise<ReplaySession> {
  return new ReplaySession(await openSession({ ...options, isApplier: false }), options.logger);
}

/** A server passes over rows whose table map is not there or belongs to a statement that has ended, and says nothing. */
function requireMaps(events: readonly BinlogEvent[]): void {
  let hasMap = false;
  for (const event of events) {
    if (event.type === EVENT_TYPE.tableMap) {
      hasMap = true;
    } else {
      invariant(hasMap, "rows must follow their table map within one statement");
      hasMap = !endsStatement(event.bytes);
    }
  }
}
