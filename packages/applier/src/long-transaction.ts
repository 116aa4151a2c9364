import { decodeQueryEvent, EVENT_TYPE, type BinlogEvent } from "@understudy/binlog";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { SqlPiece } from "./com-query.ts";
import { setSequence, type SequenceState } from "./sequence-rows.ts";
import { settingsChange, settingsOf, type Settings } from "./session-context.ts";
import { keepDefiner } from "./keep-definer.ts";
import { parseStatusVariables } from "./status-variables.ts";
import { lenientWholenessCheck, wholenessCheck } from "./wholeness.ts";
import type { ActionStep, Step } from "./step.ts";

/** What the statements before have made of the session, as far as they are planned. */
export interface PlannedSession {
  settings: Settings;
}

/** How {@link LongTransaction} is set up. */
export interface LongTransactionOptions {
  readonly flavour: Flavour;
  readonly gtid: string;
  /** True for one in START TRANSACTION and COMMIT on MariaDB: before each statement but the first it checks that it is whole. Default false. */
  readonly isChecked?: boolean;
  readonly base: Settings;
  readonly session: PlannedSession;
  readonly emit: (step: Step) => void;
  readonly onUnknownVariable: (code: number) => void;
}

const UNKNOWN_DATABASE = 1049;
/** Killed or shut down half-way on the master: what it did there cannot be known. */
const INTERRUPTED_ERRNOS: ReadonlySet<number> = new Set([1053, 1317, 3024, 1969]);
/** Until so much, a transaction's statements are kept to be sent again after a lock wait. */
const REPLAY_BYTES_MAX = 4 << 20;
const REPLAY_STEPS_MAX = 64;
const ACCOUNT_STATEMENT =
  /^\s*(?:grant|revoke|alter\s+user|set\s+password|drop\s+user|rename\s+user|create\s+user|set\s+default\s+role|drop\s+role|create\s+role)\b/i;
/** Statements that need no session of their own, and inside an XA transaction may have no other beside them. */
const PLAIN_STATEMENT = /^(?:XA |SAVEPOINT |ROLLBACK|RELEASE )/;

/** Plans a transaction that takes several packets, statement by statement. */
export class LongTransaction {
  readonly #options: LongTransactionOptions;
  #replay: ActionStep[] | null = [];
  #replayBytes = 0;
  #tableMap: BinlogEvent | null = null;
  #once: string[] = [];
  #hasEntered = false;
  #statements = 0;

  constructor(options: LongTransactionOptions) {
    this.#options = options;
  }

  /** A statement of our own. */
  statement(sql: string): void {
    this.#action([sql]);
  }

  /**
   * Ends the transaction. What it leaves in MariaDB's sequences goes before, in the same packet: no server takes a sequence's change
   * back, so nothing that may fail should follow it.
   */
  commit(sequences: readonly SequenceState[]): void {
    const { gtid, isChecked } = this.#options;
    if (isChecked !== true) return this.#action(["COMMIT"]);
    if (sequences.length > 0 && this.#statements === 0) this.#settle(this.#options.base);
    const isLenient = this.#statements === 1 && sequences.length === 0;
    const check = isLenient ? lenientWholenessCheck(gtid) : wholenessCheck(gtid);
    this.#action([...sequences.flatMap((state) => setSequence(state)), check, "COMMIT"]);
  }

  /** Rows, in the base settings. */
  rows(events: readonly Buffer[], tableMap: BinlogEvent | null): void {
    this.#tableMap = tableMap;
    // MySQL takes no SET between the CREATE TABLE and the rows of a CREATE TABLE … SELECT
    if (this.#options.flavour === "mariadb" || !this.#hasEntered) this.#settle(this.#options.base);
    this.#action([this.#check(), "BINLOG '", { base64: events }, "'"]);
  }

  /** INSERT_ID, LAST_INSERT_ID or the seeds of RAND() for the next statement only. */
  forNextStatement(event: BinlogEvent): void {
    const { bytes } = event;
    if (event.type === EVENT_TYPE.intVar) {
      const name = bytes.readUInt8(19) === 1 ? "last_insert_id" : "insert_id";
      this.#once.push(`@@session.${name}=${bytes.readBigUInt64LE(20)}`);
    } else {
      const seeds = [bytes.readBigUInt64LE(19), bytes.readBigUInt64LE(27)];
      this.#once.push(`@@session.rand_seed1=${seeds[0]},@@session.rand_seed2=${seeds[1]}`);
    }
  }

  /**
   * A Query event, as its own bytes under its own session. `open` is what must stand right before it (the GTID).
   * Throws `binlog-unsupported` for what cannot be repeated faithfully.
   */
  query(event: BinlogEvent, open: string | null, changes?: (settings: Map<string, string>) => void): void {
    const { sql, schema, errorCode } = decodeQueryEvent(event);
    const head = sql.toString("latin1", 0, Math.min(sql.length, 64));
    if (PLAIN_STATEMENT.test(head)) {
      if (open !== null) this.#action([open]);
      this.#action([sql]);
      return;
    }
    this.refuseUnfaithful(event);
    this.enter(event, schema, changes);
    if (open !== null) this.#action([open]);
    const check = this.#check();
    if (check !== "") this.#action([check]);
    const { invoker } = parseStatusVariables(decodeQueryEvent(event).statusVariables, this.#options.flavour);
    this.#action([keepDefiner(sql, invoker)], { expectedErrno: errorCode });
  }

  /** Leads the session to the state that a Query event describes, with `changes` put over it. */
  enter(event: BinlogEvent, schema: Buffer, changes?: (settings: Map<string, string>) => void): void {
    const { flavour, base } = this.#options;
    this.#hasEntered = true;
    if (schema.length > 0) {
      // the name is in utf8, whatever the statement itself is in
      if (schema.some((byte) => byte > 0x7f)) this.#settle(base);
      // a schema that is gone is no error: the statement did without it on the master as well
      this.#action(["USE `", Buffer.from(schema.toString("latin1").replaceAll("`", "``"), "latin1"), "`"], {
        tolerated: [UNKNOWN_DATABASE],
      });
    }
    const variables = parseStatusVariables(decodeQueryEvent(event).statusVariables, flavour);
    if (variables.unknownCode !== null) this.#options.onUnknownVariable(variables.unknownCode);
    const settings = new Map(settingsOf(variables, { flavour, base, timestamp: event.timestamp }));
    changes?.(settings);
    this.#settle(settings);
    if (this.#once.length > 0) this.#action([`SET ${this.#once.join(",")}`]);
    this.#once = [];
  }

  /** Throws `binlog-unsupported` for a statement whose effect on the master cannot be had here. */
  refuseUnfaithful(event: BinlogEvent): void {
    const { sql, errorCode, statusVariables } = decodeQueryEvent(event);
    if (INTERRUPTED_ERRNOS.has(errorCode)) {
      throw unsupported(
        this.#options.gtid,
        `it was interrupted on the master with error ${errorCode}, so that its effect there is unknown`,
      );
    }
    const text = sql.toString("latin1");
    if (
      ACCOUNT_STATEMENT.test(text) &&
      /\bcurrent_user\b/i.test(text) &&
      parseStatusVariables(statusVariables, this.#options.flavour).invoker !== null
    ) {
      throw unsupported(this.#options.gtid, "it names CURRENT_USER, which would be another account here");
    }
  }

  /** Bytes as a statement, without any change of the session. */
  bytes(pieces: readonly SqlPiece[]): void {
    this.#action(pieces);
  }

  /** From here on a lock wait cannot be met by sending the transaction again from memory. */
  forgetReplay(): void {
    this.#replay = null;
  }

  #check(): string {
    if (this.#options.isChecked !== true) return "";
    this.#statements += 1;
    return this.#statements > 1 ? wholenessCheck(this.#options.gtid) : "";
  }

  #settle(settings: Settings): void {
    const { session } = this.#options;
    const change = settingsChange(session.settings, settings);
    session.settings = settings;
    if (change !== null) this.#action([change]);
  }

  #action(
    pieces: readonly SqlPiece[],
    more: { readonly tolerated?: readonly number[]; readonly expectedErrno?: number } = {},
  ): void {
    const step: ActionStep = {
      kind: "action",
      gtid: this.#options.gtid,
      tableMap: this.#tableMap,
      pieces,
      tolerated: more.tolerated ?? [],
      expectedErrno: more.expectedErrno ?? 0,
      replay: this.#replay === null ? null : [...this.#replay],
    };
    this.#options.emit(step);
    this.#keep(step);
  }

  #keep(step: ActionStep): void {
    if (this.#replay === null) return;
    for (const piece of step.pieces) {
      if (typeof piece === "string" || Buffer.isBuffer(piece)) this.#replayBytes += piece.length;
      else for (const bytes of piece.base64) this.#replayBytes += bytes.length;
    }
    if (this.#replayBytes > REPLAY_BYTES_MAX || this.#replay.length >= REPLAY_STEPS_MAX) this.#replay = null;
    else this.#replay.push(step);
  }
}

/** A `binlog-unsupported` that names the transaction and the reason. */
export function unsupported(gtid: string, reason: string): UnderstudyError {
  return new UnderstudyError("binlog-unsupported", `transaction ${gtid} cannot be replicated: ${reason}`, {
    details: { gtid },
  });
}
