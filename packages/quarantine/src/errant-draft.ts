import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  BINLOG_MAGIC,
  EVENT_CHECKSUM_BYTES,
  EVENT_TYPE,
  expandEventInBatches,
  isSameFormat,
  sealEvent,
  type BinlogEvent,
  type TransactionHeader,
} from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";
import { DurableFile } from "./durable-file.ts";
import { ENTRY_FILES } from "./quarantine-folders.ts";
import { TransactionSummary } from "./transaction-summary.ts";

/** So many tables have their columns kept. */
const TABLES_MAX = 1000;
/** With more statements than this among the transactions, no table's columns are kept. */
const STATEMENTS_MAX = 1000;
const FLAGS_OFFSET = 17;
const IN_USE_FLAG = 1;

interface CurrentTransaction {
  readonly header: TransactionHeader;
  readonly summary: TransactionSummary;
  readonly offset: number;
}

/** Writes the raw file and the list of transactions of an entry that has no name yet. */
export class ErrantDraft implements AsyncDisposable {
  readonly #flavour: Flavour;
  readonly #raw: DurableFile;
  readonly #list: DurableFile;
  readonly #digest = createHash("sha256");
  readonly #tables = new Map<string, { readonly database: string; readonly table: string }>();
  readonly #statements: string[] = [];
  #hasUnseenStatements = false;
  #format: BinlogEvent | null = null;
  #writtenFormat: BinlogEvent | null = null;
  #current: CurrentTransaction | null = null;
  #transactions = 0;
  #clientTransactions = 0;

  private constructor(flavour: Flavour, raw: DurableFile, list: DurableFile) {
    this.#flavour = flavour;
    this.#raw = raw;
    this.#list = list;
  }

  /** Begins both files in an empty folder. */
  static async open(folder: string, flavour: Flavour): Promise<ErrantDraft> {
    const raw = await DurableFile.create(join(folder, ENTRY_FILES.raw));
    try {
      raw.add(BINLOG_MAGIC);
      return new ErrantDraft(flavour, raw, await DurableFile.create(join(folder, ENTRY_FILES.transactions)));
    } catch (error) {
      await raw[Symbol.asyncDispose]();
      throw error;
    }
  }

  get transactions(): number {
    return this.#transactions;
  }

  get clientTransactions(): number {
    return this.#clientTransactions;
  }

  get bytes(): number {
    return this.#raw.bytes;
  }

  /**
   * Tables that the transactions touch, at most 1,000, but for those that their own statements may have changed: such a table had other
   * columns before.
   */
  get tables(): readonly { readonly database: string; readonly table: string }[] {
    if (this.#hasUnseenStatements) return [];
    return [...this.#tables.values()].filter(({ table }) => {
      const name = table.toLowerCase();
      return !this.#statements.some((statement) => statement.includes(name));
    });
  }

  /** The format of the events that come next. It is written once they are. */
  format(event: BinlogEvent): void {
    this.#format = event;
  }

  begin(header: TransactionHeader): void {
    if (this.#format && (!this.#writtenFormat || !isSameFormat(this.#format, this.#writtenFormat))) {
      this.#raw.add(closedFormat(this.#format).bytes);
      this.#writtenFormat = this.#format;
    }
    this.#current = {
      header,
      summary: new TransactionSummary(this.#flavour),
      offset: this.#raw.bytes,
    };
  }

  /** The next event of the transaction that was begun, from its GTID event on. Resolves when there is room for more. */
  async add(event: BinlogEvent): Promise<void> {
    this.#raw.add(event.bytes);
    this.#digest.update(event.bytes);
    if (event.type === EVENT_TYPE.transactionPayload) {
      for await (const batch of expandEventInBatches(event, this.#flavour)) {
        for (const inner of batch) this.#current?.summary.add(inner);
      }
    } else {
      this.#current?.summary.add(event);
    }
    if (this.#raw.isFull) await this.#raw.flush();
  }

  /** The transaction that was begun is whole. */
  async end(): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    const transaction = current.summary.result(current.header, {
      index: this.#transactions,
      offset: current.offset,
      bytes: this.#raw.bytes - current.offset,
    });
    this.#transactions += 1;
    if (!transaction.isBookkeeping) this.#clientTransactions += 1;
    for (const { database, table } of transaction.tables) {
      if (this.#tables.size >= TABLES_MAX) break;
      this.#tables.set(JSON.stringify([database, table]), { database, table });
    }
    this.#statements.push(...transaction.statements.map((statement) => statement.toLowerCase()));
    if (transaction.moreStatements > 0 || this.#statements.length > STATEMENTS_MAX) {
      this.#hasUnseenStatements = true;
      this.#statements.length = 0;
    }
    this.#list.add(Buffer.from(`${JSON.stringify(transaction)}\n`));
    if (this.#list.isFull) await this.#list.flush();
  }

  /** Both files are on the disk; gives the digest of the transactions. */
  async close(): Promise<string> {
    await this.#raw.close();
    await this.#list.close();
    return this.#digest.digest("hex");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#raw[Symbol.asyncDispose]();
    await this.#list[Symbol.asyncDispose]();
  }
}

/** A format event without the mark that its file is still being written, which would make the server's program warn. */
function closedFormat(event: BinlogEvent): BinlogEvent {
  if ((event.flags & IN_USE_FLAG) === 0) return event;
  const bytes = Buffer.from(event.bytes.subarray(0, event.bytes.length - EVENT_CHECKSUM_BYTES));
  bytes.writeUInt16LE(event.flags & ~IN_USE_FLAG, FLAGS_OFFSET);
  return sealEvent([bytes]);
}
