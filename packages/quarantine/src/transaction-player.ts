import { isCreateTable, isUnavailableError, ServerError, type ReplaySession } from "@understudy/applier";
import {
  decodeQueryEvent,
  EVENT_HEADER_BYTES,
  EVENT_TYPE,
  expandEvent,
  isRowsEvent,
  type BinlogEvent,
  type TransactionHeader,
} from "@understudy/binlog";
import { isUnderstudyError, UnderstudyError, type Flavour } from "@understudy/protocol";
import type { AppliedMarks } from "./applied-marks.ts";
import { isBookkeeping } from "./bookkeeping.ts";
import { Conflict, conflictOf } from "./conflict.ts";
import { parseRowsEvent } from "./rows-event.ts";
import { RowsSegment } from "./rows-segment.ts";
import type { SegmentPlayer } from "./segment-player.ts";
import { parseTableMap, type TableMap } from "./table-map.ts";

/** What a {@link TransactionPlayer} works with. */
export interface PlayerOptions {
  readonly flavour: Flavour;
  readonly session: ReplaySession;
  readonly segments: SegmentPlayer;
  readonly marks: AppliedMarks;
  /** `check`: everything happens within one transaction that the caller has begun and will roll back. */
  readonly mode: "check" | "apply";
}

/** How one transaction went. */
export type Played =
  | { readonly kind: "applied"; readonly unchecked: readonly string[] }
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "conflict"; readonly conflict: Conflict };

const SAVEPOINT = "understudy_quarantine";
const DEADLOCK = 1213;
/** Flags of MariaDB's GTID event. */
const STANDALONE = 1;
const PREPARED_XA = 64;

/**
 * Carries out one errant transaction as one of the master's own. It is committed as a whole or rolled back as a whole, except for
 * statements that commit by themselves.
 */
export class TransactionPlayer {
  readonly #options: PlayerOptions;
  readonly #gtid: string;
  readonly #maps = new Map<number, TableMap>();
  readonly #unchecked = new Set<string>();
  #segment: RowsSegment | null = null;
  #once: BinlogEvent[] = [];
  #isWrapped: boolean;
  #isOpen = false;
  #hasEffect = false;
  #leftOut = false;
  #ended: Played | null = null;
  /** After a statement that makes a table whose rows follow. */
  #madeTable = false;
  #committedByText = false;

  constructor(options: PlayerOptions, header: TransactionHeader) {
    this.#options = options;
    this.#gtid = header.gtid;
    this.#isWrapped = options.flavour === "mariadb" && (header.flags & STANDALONE) === 0;
  }

  /** Looks whether it was applied before. To be called first. */
  async begin(header: TransactionHeader): Promise<void> {
    const state = await this.#options.marks.read(this.#gtid);
    if (state === "done") {
      this.#ended = { kind: "skipped", reason: "it was applied before" };
    } else if (state === "started") {
      await this.#fail(
        new Conflict(
          "uncertain",
          "an earlier try ended while its statement ran, which may have taken effect: look, and do by hand what is missing",
        ),
      );
    } else if (this.#options.flavour === "mariadb" && (header.flags & PREPARED_XA) !== 0) {
      await this.#fail(preparedXa());
    }
  }

  /** Takes its next event (a MySQL payload must be expanded before). After a conflict, events are passed over. */
  async add(event: BinlogEvent): Promise<void> {
    await this.#attempt(() => this.#take(event));
  }

  /** It is whole: commits it where nothing stands in the way. */
  async end(): Promise<Played> {
    await this.#attempt(async () => {
      await this.#flush();
      if (!this.#hasEffect) return;
      const { mode, session, marks } = this.#options;
      if (mode === "check") return;
      if (this.#isOpen) await session.end("COMMIT");
      this.#isOpen = false;
      if (this.#committedByText) await marks.write(this.#gtid, "done");
    });
    if (this.#committedByText) await this.#options.segments.forgetTables();
    if (this.#ended) return this.#ended;
    if (this.#hasEffect) return { kind: "applied", unchecked: [...this.#unchecked] };
    const reason = this.#leftOut ? "it only holds what the cluster keeps about itself" : "it has no effect";
    return { kind: "skipped", reason };
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    if (this.#ended) return;
    try {
      await act();
    } catch (error) {
      if (error instanceof Conflict) return this.#fail(error);
      if (isUnderstudyError(error, "binlog-unsupported")) {
        return this.#fail(new Conflict("unsupported", error.message));
      }
      if (!(error instanceof ServerError)) throw error;
      if (isUnavailableError(error)) {
        throw new UnderstudyError("database-unavailable", `the master does not apply now: ${error.message}`, {
          cause: error,
        });
      }
      if (error.errno === DEADLOCK && this.#options.mode === "check") {
        throw new UnderstudyError("deadlock", "the check met a deadlock, which has undone it; check again", {
          cause: error,
        });
      }
      const map = this.#segment?.map;
      return this.#fail(conflictOf(error, map ? `${map.database}.${map.table}` : null));
    }
  }

  async #take(event: BinlogEvent): Promise<void> {
    const { type } = event;
    if (type === EVENT_TYPE.tableMap) {
      const map = parseTableMap(event);
      this.#maps.set(map.tableId, map);
    } else if (isRowsEvent(type)) {
      for (const plain of expandEvent(event, this.#options.flavour)) await this.#rows(plain);
    } else if (type === EVENT_TYPE.query || type === EVENT_TYPE.mariadbQueryCompressed) {
      for (const plain of expandEvent(event, this.#options.flavour)) await this.#query(plain);
    } else if (type === EVENT_TYPE.xaPrepare) {
      if (event.bytes[EVENT_HEADER_BYTES] === 0) throw preparedXa();
    } else if (type === EVENT_TYPE.intVar || type === EVENT_TYPE.rand) {
      this.#once.push(event);
    } else if (type === EVENT_TYPE.userVar) {
      throw new Conflict("unsupported", "it holds a statement with a user variable");
    }
  }

  async #rows(event: BinlogEvent): Promise<void> {
    const rows = parseRowsEvent(event);
    const map = this.#maps.get(rows.tableId);
    // the event that ends a statement without rows has no table
    if (map === undefined) return;
    if (isBookkeeping(map.database, map.table)) {
      this.#leftOut = true;
      return;
    }
    if (this.#segment?.take(map, rows) === true) return;
    await this.#flush();
    this.#segment = new RowsSegment(map, rows);
  }

  async #flush(): Promise<void> {
    const segment = this.#segment;
    if (segment === null) return;
    await this.#open();
    this.#hasEffect = true;
    if (this.#madeTable) {
      const asTheyStand = this.#options.flavour === "mysql";
      await this.#options.segments.playUnseen(segment, { asTheyStand });
    } else {
      const unchecked = await this.#options.segments.play(segment);
      if (unchecked !== null) this.#unchecked.add(unchecked);
    }
    this.#segment = null;
  }

  async #query(event: BinlogEvent): Promise<void> {
    const { sql } = decodeQueryEvent(event);
    const head = sql.toString("latin1", 0, 32);
    if (/^(?:BEGIN|COMMIT)$/.test(head) || /^XA (?:START|END)/.test(head)) {
      this.#isWrapped = true;
      return;
    }
    if (head.startsWith("XA ")) throw preparedXa();
    await this.#flush();
    const before = this.#once;
    this.#once = [];
    if (!this.#isWrapped || isCreateTable(sql)) return this.#commitsByItself(event, before);
    await this.#open();
    this.#hasEffect = true;
    await this.#options.session.statement(event, this.#gtid, before);
    if (!/^(?:SAVEPOINT|ROLLBACK|RELEASE)/.test(head)) {
      this.#unchecked.add("a statement was run as its text, so that its rows could not be compared");
    }
  }

  /** DDL, with or without the rows of its `SELECT` behind it. */
  async #commitsByItself(event: BinlogEvent, before: readonly BinlogEvent[]): Promise<void> {
    const { mode, session, marks, flavour } = this.#options;
    if (mode === "check") {
      this.#ended = {
        kind: "skipped",
        reason:
          "a statement that commits by itself cannot be checked; what comes behind may be in conflict only for the lack of it",
      };
      return;
    }
    await marks.write(this.#gtid, "started");
    this.#committedByText = true;
    this.#madeTable = this.#isWrapped;
    if (this.#madeTable && flavour === "mysql") {
      await session.ask("START TRANSACTION");
      this.#isOpen = true;
    }
    await session.statement(event, this.#gtid, before);
    this.#hasEffect = true;
  }

  async #open(): Promise<void> {
    if (this.#isOpen) return;
    const { mode, session, marks } = this.#options;
    this.#isOpen = true;
    if (mode === "check") {
      await session.ask(`SAVEPOINT ${SAVEPOINT}`);
      return;
    }
    await session.ask("START TRANSACTION");
    if (!this.#committedByText) await marks.write(this.#gtid, "done");
  }

  /** Rolls back what was done of it. */
  async #fail(conflict: Conflict): Promise<void> {
    this.#segment = null;
    this.#ended = { kind: "conflict", conflict };
    const { mode, session, marks, flavour } = this.#options;
    if (this.#isOpen) {
      if (mode === "check") await session.ask(`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`);
      else await session.end("ROLLBACK");
      this.#isOpen = false;
    }
    // MariaDB has committed the table of a CREATE TABLE … SELECT, so its mark must stay
    const isUndone = flavour === "mysql" || !this.#hasEffect;
    if (this.#committedByText && isUndone) await marks.remove(this.#gtid);
  }
}

function preparedXa(): Conflict {
  return new Conflict(
    "unsupported",
    "it is a half of a prepared XA transaction, which only a person can settle",
  );
}
