import {
  decodeQueryEvent,
  EVENT_TYPE,
  expandEvent,
  isRowsEvent,
  isSameFormat,
  type BinlogEvent,
  type TransactionHeader,
} from "@understudy/binlog";
import { invariant, type Logger } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { buildBatch, mariadbEntry, mysqlEntry, type EntryParts } from "./batch.ts";
import { asServerWrote, CreateSelect, isCreateTable } from "./create-select.ts";
import { LongTransaction, unsupported, type PlannedSession } from "./long-transaction.ts";
import { asOneStatement } from "./one-statement.ts";
import { RowsRun } from "./rows-run.ts";
import { withoutSequences, type SequenceState } from "./sequence-rows.ts";
import { settingsChange, type Settings } from "./session-context.ts";
import type { BatchEntry, Step } from "./step.ts";
import { MARIADB_FLAG, mariadbXid, xaPrepareSql } from "./xa.ts";

/** How a {@link Planner} is set up. */
export interface PlannerOptions {
  readonly flavour: Flavour;
  readonly base: Settings;
  readonly logger: Logger;
}

/** So many transactions, or so many bytes of SQL, go in one packet. */
const BATCH_ENTRIES_MAX = 100;
const BATCH_BYTES_MAX = 1 << 20;
/** A transaction with more rows than this is sent in parts. */
const PART_BYTES = 1 << 20;

interface CurrentTransaction {
  readonly header: TransactionHeader;
  readonly event: BinlogEvent;
  readonly rows: RowsRun;
  /** True where BEGIN and COMMIT belong around it. */
  isWrapped: boolean;
  /** True where each part would be written by itself: rows of tables without transactions (MariaDB). */
  readonly isIndivisible: boolean;
  commitsBy: "commit" | "text";
  long: LongTransaction | null;
  createSelect: CreateSelect | null;
  /** What a long transaction leaves in sequences (MariaDB). */
  readonly sequences: Map<string, SequenceState>;
  isDetached: boolean;
}

/**
 * Turns the events of transactions into steps for one session. It knows what the steps before will have made of the session, so
 * its plan holds for that session only and must be carried out in full and in order.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #session: PlannedSession;
  #steps: Step[] = [];
  #entries: BatchEntry[] = [];
  #entryBytes = 0;
  #current: CurrentTransaction | null = null;
  #format: BinlogEvent | null = null;
  /** `domain-server` that the session writes as (MariaDB). */
  #origin = "";
  #warnedOf = new Set<number>();

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#session = { settings: options.base };
  }

  /** The steps planned since the last call. */
  take(): readonly Step[] {
    const steps = this.#steps;
    this.#steps = [];
    return steps;
  }

  get hasSteps(): boolean {
    return this.#steps.length > 0;
  }

  /** True while whole transactions wait for company in their packet. */
  get hasEntries(): boolean {
    return this.#entries.length > 0;
  }

  /** Takes a format description event; one like the last is nothing new. */
  format(event: BinlogEvent): void {
    if (this.#format !== null && isSameFormat(this.#format, event)) return;
    this.flush();
    this.#format = event;
    this.#steps.push({ kind: "format", event });
  }

  begin(header: TransactionHeader, event: BinlogEvent): void {
    invariant(this.#current === null, "a transaction begins within another");
    const isMariadb = this.#options.flavour === "mariadb";
    const isWrapped = isMariadb && (header.flags & MARIADB_FLAG.standalone) === 0;
    this.#current = {
      header,
      event,
      rows: new RowsRun(),
      isWrapped,
      isIndivisible: isWrapped && (header.flags & MARIADB_FLAG.transactional) === 0,
      commitsBy: "text",
      long: null,
      createSelect: null,
      sequences: new Map(),
      isDetached: false,
    };
    if (isMariadb && (header.flags & MARIADB_FLAG.preparedXa) !== 0) {
      this.#current.isWrapped = false;
      this.#long(this.#current).statement(`XA START ${mariadbXid(event, header.flags)}`);
    }
  }

  /** Takes an event of the transaction that was begun. Throws `binlog-unsupported`. */
  add(event: BinlogEvent): void {
    const current = this.#requireCurrent();
    if (event.type === EVENT_TYPE.tableMap || isRowsEvent(event.type)) {
      // MariaDB's BINLOG statement takes no compressed rows
      for (const plain of expandEvent(event, this.#options.flavour)) this.#rows(current, plain);
      return;
    }
    switch (event.type) {
      case EVENT_TYPE.query:
        return this.#query(current, event);
      case EVENT_TYPE.mariadbQueryCompressed:
        for (const plain of expandEvent(event, this.#options.flavour)) this.#query(current, plain);
        return;
      case EVENT_TYPE.xid:
        current.commitsBy = "commit";
        return;
      case EVENT_TYPE.xaPrepare:
        this.#sendRows(current);
        this.#long(current).statement(xaPrepareSql(event));
        current.isDetached = this.#options.flavour === "mariadb";
        return;
      case EVENT_TYPE.intVar:
      case EVENT_TYPE.rand:
        return this.#long(current).forNextStatement(event);
      case EVENT_TYPE.rowsQuery:
      case EVENT_TYPE.ignorable:
      case EVENT_TYPE.mariadbAnnotateRows:
        return;
      default:
        throw unsupported(current.header.gtid, `it holds an event of type ${event.type}`);
    }
  }

  /** The transaction that was begun is whole. */
  end(): void {
    const current = this.#requireCurrent();
    this.#current = null;
    if (current.createSelect) return this.#endCreateSelect(current, current.createSelect);
    if (current.long === null && (current.commitsBy === "commit" || !current.rows.isEmpty))
      return this.#entry(current);
    this.#sendRows(current);
    const long = this.#long(current);
    if (current.commitsBy === "commit") long.commit([...current.sequences.values()]);
    this.#steps.push({ kind: "finish", gtid: current.header.gtid });
    if (current.isDetached) {
      this.#steps.push({ kind: "detach", gtid: current.header.gtid });
      this.#session.settings = this.#options.base;
      this.#origin = "";
    }
  }

  /** Closes the packet of whole transactions that wait. */
  flush(): void {
    if (this.#entries.length === 0) return;
    this.#steps.push(buildBatch(this.#options.flavour, this.#entries));
    this.#entries = [];
    this.#entryBytes = 0;
  }

  /** The transaction that was begun will not be completed; whole ones that wait are still good. */
  abandon(): void {
    const current = this.#current;
    this.#current = null;
    this.flush();
    if (current?.long) this.#steps.push({ kind: "abandon" });
  }

  #rows(current: CurrentTransaction, event: BinlogEvent): void {
    current.rows.add(current.createSelect ? current.createSelect.redirect(event) : event);
    if (current.isIndivisible || current.rows.bytes < PART_BYTES || !current.rows.canCut) return;
    this.#sendRows(current);
  }

  #sendRows(current: CurrentTransaction): void {
    if (current.rows.isEmpty) return;
    const long = this.#long(current);
    const { tableMap } = current.rows;
    let events: readonly Buffer[] = current.rows.cut();
    if (this.#options.flavour === "mariadb") events = withoutSequences(events, current.sequences);
    if (events.length > 0) long.rows(events, tableMap);
  }

  #query(current: CurrentTransaction, event: BinlogEvent): void {
    const { sql } = decodeQueryEvent(event);
    if (sql.length <= 6) {
      const text = sql.toString("latin1");
      if (text === "BEGIN" && current.long === null && current.rows.isEmpty) {
        current.isWrapped = true;
        return;
      }
      if (text === "COMMIT") {
        current.commitsBy = "commit";
        return;
      }
    }
    if (
      this.#options.flavour === "mariadb" &&
      current.isWrapped &&
      current.long === null &&
      isCreateTable(sql)
    ) {
      return this.#beginCreateSelect(current, event);
    }
    if (current.createSelect)
      throw unsupported(current.header.gtid, "it has a statement beside its CREATE TABLE … SELECT");
    if (current.isWrapped || current.long !== null) {
      this.#sendRows(current);
      this.#long(current).query(event, null, isCreateTable(sql) ? asServerWrote : undefined);
    } else {
      this.#openLong(current).query(event, this.#gtidSql(current.header.gtid));
    }
  }

  #entry(current: CurrentTransaction): void {
    const { rows, header } = current;
    this.#backToBase();
    const isDivisible = rows.tableMaps > 1;
    let { isOneStatement } = rows;
    let events: readonly Buffer[] = rows.isEmpty ? [] : rows.cut();
    const merged = this.#options.flavour === "mariadb" && isDivisible ? asOneStatement(events) : null;
    if (merged) {
      events = merged;
      isOneStatement = true;
    }
    const parts: EntryParts = {
      gtid: header.gtid,
      tableMap: rows.tableMap,
      isOneStatement,
      isDivisible,
      events,
    };
    const entry =
      this.#options.flavour === "mysql"
        ? mysqlEntry(parts)
        : mariadbEntry(parts, this.#assignments(header.gtid));
    this.#entries.push(entry);
    this.#entryBytes += entry.bytes;
    if (this.#entries.length >= BATCH_ENTRIES_MAX || this.#entryBytes >= BATCH_BYTES_MAX) this.flush();
  }

  /** Before a batch, the session must be as rows want it. */
  #backToBase(): void {
    const { base } = this.#options;
    const change = settingsChange(this.#session.settings, base);
    if (change === null) return;
    this.flush();
    this.#session.settings = base;
    this.#steps.push(ownStatement(change));
  }

  /** The current transaction as one of several packets, its GTID already set and its beginning sent. */
  #long(current: CurrentTransaction): LongTransaction {
    if (current.long) return current.long;
    const isChecked = this.#options.flavour === "mariadb" && current.isWrapped;
    const long = this.#openLong(current, isChecked);
    long.statement(this.#gtidSql(current.header.gtid));
    if (current.isWrapped) long.statement("START TRANSACTION");
    return long;
  }

  #openLong(current: CurrentTransaction, isChecked = false): LongTransaction {
    this.flush();
    const { flavour, base, logger } = this.#options;
    current.long = new LongTransaction({
      flavour,
      base,
      gtid: current.header.gtid,
      isChecked,
      session: this.#session,
      emit: (step) => this.#steps.push(step),
      onUnknownVariable: (code) => {
        if (this.#warnedOf.has(code)) return;
        this.#warnedOf.add(code);
        logger.warn(
          { event: "applier.unknown-status-variable", code },
          "a statement has an unknown status variable",
        );
      },
    });
    return current.long;
  }

  #beginCreateSelect(current: CurrentTransaction, event: BinlogEvent): void {
    const long = this.#openLong(current);
    long.refuseUnfaithful(event);
    current.createSelect = new CreateSelect({ event, gtid: current.header.gtid, long });
    current.createSelect.open();
  }

  #endCreateSelect(current: CurrentTransaction, createSelect: CreateSelect): void {
    this.#sendRows(current);
    createSelect.publish(this.#gtidSql(current.header.gtid));
    this.#steps.push({ kind: "finish", gtid: current.header.gtid });
    createSelect.cleanUp();
  }

  #gtidSql(gtid: string): string {
    if (this.#options.flavour === "mysql") return `SET GTID_NEXT='${gtid}'`;
    const { kept, once } = this.#assignments(gtid);
    return `SET ${kept === "" ? "" : `${kept},`}${once}`;
  }

  /** MariaDB's domain and server only where they change, since each assignment costs parsing. */
  #assignments(gtid: string): { readonly kept: string; readonly once: string } {
    const [domain, server, sequence] = gtid.split("-");
    const once = `gtid_seq_no=${sequence}`;
    const origin = `${domain}-${server}`;
    if (origin === this.#origin) return { kept: "", once };
    this.#origin = origin;
    return { kept: `gtid_domain_id=${domain},server_id=${server}`, once };
  }

  #requireCurrent(): CurrentTransaction {
    invariant(this.#current !== null, "an event stands outside of any transaction");
    return this.#current;
  }
}

function ownStatement(sql: string): Step {
  return {
    kind: "action",
    gtid: "",
    tableMap: null,
    pieces: [sql],
    tolerated: [],
    expectedErrno: 0,
    replay: [],
  };
}
