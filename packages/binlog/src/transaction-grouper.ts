import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { EVENT_HEADER_BYTES } from "./decode-event.ts";
import { EVENT_TYPE } from "./event-type.ts";
import { eventRole } from "./event-role.ts";
import { isRowsEvent } from "./rows-event-type.ts";
import { peekQuerySql } from "./query-event.ts";
import { decodeTransactionHeader, MARIADB_GTID_FLAG } from "./transaction-header.ts";
import type { TransactionPart } from "./transaction-part.ts";

/** Bit of a rows event's own flags, right after the table id: the statement ends here. */
const STATEMENT_END_FLAG = 1;

/**
 * `outside`: between transactions. `opened`: after MySQL's GTID event, before it is known whether a BEGIN follows.
 * `alone`: MariaDB's standalone group, which ends with its statement. `inside`: until a commit event.
 */
type GroupState = "outside" | "opened" | "alone" | "inside";

/**
 * Groups the events of one binlog, from its start or from any transaction's start, into transactions, without holding any.
 * What is of no use to another server (rotations, GTID lists, annotations, heartbeats within a transaction) is left out.
 */
export class TransactionGrouper {
  readonly #flavour: Flavour;
  #state: GroupState = "outside";
  #gtid = "";

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }

  /** True after a `begin` whose `end` has not come. */
  get insideTransaction(): boolean {
    return this.#state !== "outside";
  }

  /**
   * Takes the next event. A compressed MySQL transaction (type 40) is a `begin` and an `end` that holds all of it.
   * Throws `binlog-unsupported` for an event that is or may be data that cannot be replicated, with `details.eventType`, and
   * `binlog-corrupt` where events come in an impossible order.
   */
  push(event: BinlogEvent): TransactionPart[] {
    const role = eventRole(event);
    switch (role) {
      case "data":
        return [this.#data(event)];
      case "gtid":
        return [this.#begin(event)];
      case "skip":
        return [];
      case "format":
        this.#requireOutside(event);
        return [{ kind: "format", event }];
      case "file-end":
        this.#requireOutside(event);
        return [];
      case "heartbeat":
        return this.insideTransaction ? [] : [{ kind: "heartbeat" }];
      case "unsupported":
        throw new UnderstudyError(
          "binlog-unsupported",
          `the binlog holds an event of type ${event.type}${this.#where()}, which cannot be replicated`,
          { details: this.#details(event) },
        );
      default:
        return role satisfies never;
    }
  }

  #begin(event: BinlogEvent): TransactionPart {
    this.#requireOutside(event);
    const header = decodeTransactionHeader(event);
    this.#gtid = header.gtid;
    if (this.#flavour === "mysql") this.#state = "opened";
    else this.#state = (header.flags & MARIADB_GTID_FLAG.standalone) === 0 ? "inside" : "alone";
    return { kind: "begin", header, event };
  }

  #data(event: BinlogEvent): TransactionPart {
    if (this.#state === "outside") {
      throw new UnderstudyError(
        "binlog-corrupt",
        `an event of type ${event.type} stands outside of any transaction`,
        { details: { eventType: event.type } },
      );
    }
    if (!this.#isLast(event)) return { kind: "event", event };
    this.#state = "outside";
    return { kind: "end", event };
  }

  #isLast(event: BinlogEvent): boolean {
    const { type } = event;
    if (type === EVENT_TYPE.xid || type === EVENT_TYPE.xaPrepare || type === EVENT_TYPE.transactionPayload) {
      return true;
    }
    if (type === EVENT_TYPE.query) return this.#isLastQuery(event);
    if (this.#state !== "alone") return false;
    if (type === EVENT_TYPE.mariadbQueryCompressed) return true;
    return isRowsEvent(type) && (event.bytes.readUInt16LE(EVENT_HEADER_BYTES + 6) & STATEMENT_END_FLAG) !== 0;
  }

  #isLastQuery(event: BinlogEvent): boolean {
    if (this.#state === "alone") return true;
    const sql = peekQuerySql(event);
    if (this.#state === "inside") return endsTransaction(sql);
    if (!startsTransaction(sql)) return true;
    this.#state = "inside";
    return false;
  }

  #requireOutside(event: BinlogEvent): void {
    if (this.#state === "outside") return;
    throw new UnderstudyError(
      "binlog-corrupt",
      `an event of type ${event.type} stands in the middle of transaction ${this.#gtid}`,
      { details: this.#details(event) },
    );
  }

  #where(): string {
    return this.insideTransaction ? ` in transaction ${this.#gtid}` : "";
  }

  #details(event: BinlogEvent): Readonly<Record<string, unknown>> {
    return { eventType: event.type, ...(this.insideTransaction ? { gtid: this.#gtid } : {}) };
  }
}

/**
 * Groups batches of events; gives the parts of each batch as one array, none for a batch without parts.
 * Throws as {@link TransactionGrouper.push} does, and `binlog-corrupt` where the batches end within a transaction.
 */
export async function* groupTransactions(
  flavour: Flavour,
  batches: AsyncIterable<readonly BinlogEvent[]>,
): AsyncGenerator<readonly TransactionPart[]> {
  const grouper = new TransactionGrouper(flavour);
  for await (const batch of batches) {
    const parts: TransactionPart[] = [];
    for (const event of batch) for (const part of grouper.push(event)) parts.push(part);
    if (parts.length > 0) yield parts;
  }
  if (grouper.insideTransaction) {
    throw new UnderstudyError("binlog-corrupt", "the binlog ends in the middle of a transaction");
  }
}

function startsTransaction(sql: string): boolean {
  return sql === "BEGIN" || sql.startsWith("XA START ") || sql.startsWith("START TRANSACTION");
}

/** As the server itself decides it; `ROLLBACK TO` goes back to a savepoint only. */
function endsTransaction(sql: string): boolean {
  return sql === "COMMIT" || (sql.startsWith("ROLLBACK") && !sql.startsWith("ROLLBACK TO "));
}
