import {
  BINLOG_MAGIC,
  TransactionGrouper,
  type GtidPosition,
  type TransactionPart,
} from "@understudy/binlog";
import { invariant } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { deliveryBody } from "./delivery-body.ts";
import type { QueueLimits } from "./limits.ts";
import type { ReadBinlog } from "./window-reader.ts";

/** A batch that was read from the binlog for one slave alone. */
export interface CatchUpBatch {
  readonly after: GtidPosition;
  readonly end: GtidPosition;
  readonly transactions: number;
  readonly body: Buffer | AsyncIterable<Uint8Array>;
  /** When its first transaction was committed at its origin, milliseconds since 1970. */
  readonly committedAtMs: number;
}

/** What {@link readCatchUp} needs. */
export interface CatchUpOptions {
  readonly flavour: Flavour;
  readonly read: ReadBinlog;
  readonly from: GtidPosition;
  readonly limits: QueueLimits;
  readonly signal: AbortSignal;
}

/**
 * Reads batches from the binlog behind `from`. A transaction that is too large to hold comes as a batch of its own whose body
 * is a stream; it must be consumed before the next batch is asked for. Ends when the binlog's reader ends.
 */
export async function* readCatchUp(options: CatchUpOptions): AsyncGenerator<CatchUpBatch> {
  await using parts = new PartCursor(options);
  const assembly = new BatchAssembly(options.from, options.limits);
  for (;;) {
    if (!assembly.isEmpty && !parts.hasBuffered && !(await parts.arrivesSoon())) {
      yield assembly.take();
      continue;
    }
    const part = await parts.next();
    if (part === null) return;
    const isLarge = assembly.push(part);
    if (isLarge) {
      if (assembly.hasWhole) yield assembly.takeWhole();
      yield assembly.takeStream(parts);
    } else if (assembly.isFull) {
      yield assembly.take();
    }
  }
}

/** The binlog's parts one by one, with a look at whether more are there without waiting. */
class PartCursor implements AsyncDisposable {
  readonly #iterator: AsyncIterator<readonly TransactionPart[]>;
  readonly #abort = new AbortController();
  #buffer: readonly TransactionPart[] = [];
  #at = 0;
  #pending: Promise<IteratorResult<readonly TransactionPart[]>> | null = null;

  constructor(options: CatchUpOptions) {
    const signal = AbortSignal.any([options.signal, this.#abort.signal]);
    this.#iterator = partsOf({ ...options, signal })[Symbol.asyncIterator]();
  }

  get hasBuffered(): boolean {
    return this.#at < this.#buffer.length;
  }

  /** True where more has arrived by the next turn of the event loop. */
  async arrivesSoon(): Promise<boolean> {
    const arrived = this.#fetch().then(() => true);
    return Promise.race([arrived, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
  }

  async next(): Promise<TransactionPart | null> {
    while (!this.hasBuffered) {
      const result = await this.#fetch();
      this.#pending = null;
      if (result.done) return null;
      this.#buffer = result.value;
      this.#at = 0;
    }
    return this.#buffer[this.#at++] ?? null;
  }

  #fetch(): Promise<IteratorResult<readonly TransactionPart[]>> {
    this.#pending ??= this.#iterator.next();
    return this.#pending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pending?.catch(() => undefined);
    // a generator that waits for the server returns only after its wait has ended
    this.#abort.abort(new DOMException("no longer needed", "AbortError"));
    await this.#iterator.return?.();
  }
}

async function* partsOf(options: CatchUpOptions): AsyncGenerator<readonly TransactionPart[]> {
  const grouper = new TransactionGrouper(options.flavour);
  for await (const events of options.read(options.from, options.signal)) {
    const parts = events.flatMap((event) => grouper.push(event));
    if (parts.length > 0) yield parts;
  }
}

/** Collects parts into a batch of whole transactions, and the open one behind them. */
class BatchAssembly {
  readonly #limits: QueueLimits;
  #format: Buffer | null = null;
  #after: GtidPosition;
  #end: GtidPosition;
  #whole: Buffer[] = [];
  #wholeBytes = 0;
  #transactions = 0;
  #committedAtMs = 0;
  #open: { readonly gtid: string; readonly committedAtMs: number; events: Buffer[]; bytes: number } | null =
    null;

  constructor(from: GtidPosition, limits: QueueLimits) {
    this.#after = from;
    this.#end = from;
    this.#limits = limits;
  }

  /** True where there is nothing that could be sent. */
  get isEmpty(): boolean {
    return this.#open !== null || this.#transactions === 0;
  }

  get hasWhole(): boolean {
    return this.#transactions > 0;
  }

  get isFull(): boolean {
    const { deliveryTransactionsMax, deliveryBytesMax } = this.#limits;
    return (
      this.#open === null &&
      (this.#transactions >= deliveryTransactionsMax || this.#wholeBytes >= deliveryBytesMax)
    );
  }

  /** Takes a part; true where the open transaction has become too large to hold. */
  push(part: TransactionPart): boolean {
    switch (part.kind) {
      case "format":
        this.#format = part.event.bytes;
        return false;
      case "heartbeat":
        return false;
      case "begin":
        this.#open = {
          gtid: part.header.gtid,
          committedAtMs: part.header.committedAtMs,
          events: [part.event.bytes],
          bytes: part.event.bytes.length,
        };
        return false;
      case "event":
      case "end": {
        invariant(this.#open, "an event stands inside a transaction");
        this.#open.events.push(part.event.bytes);
        this.#open.bytes += part.event.bytes.length;
        if (part.kind === "event") return this.#open.bytes > this.#limits.deliveryBytesMax;
        this.#close();
        return false;
      }
      default:
        return part satisfies never;
    }
  }

  #close(): void {
    const open = this.#open;
    invariant(open, "only an open transaction ends");
    if (this.#transactions === 0) this.#committedAtMs = open.committedAtMs;
    this.#whole.push(...open.events);
    this.#wholeBytes += open.bytes;
    this.#transactions++;
    this.#end = this.#end.withGtid(open.gtid);
    this.#open = null;
  }

  take(): CatchUpBatch {
    invariant(this.#open === null, "a batch is taken between transactions");
    return this.takeWhole();
  }

  /** The whole transactions before the open one. */
  takeWhole(): CatchUpBatch {
    const batch: CatchUpBatch = {
      after: this.#after,
      end: this.#end,
      transactions: this.#transactions,
      body: deliveryBody(this.#formatBytes(), this.#whole),
      committedAtMs: this.#committedAtMs,
    };
    this.#after = this.#end;
    this.#whole = [];
    this.#wholeBytes = 0;
    this.#transactions = 0;
    return batch;
  }

  /** The open transaction as a stream, which goes on taking parts to its end. */
  takeStream(parts: PartCursor): CatchUpBatch {
    const open = this.#open;
    invariant(open, "only an open transaction is streamed");
    this.#open = null;
    const after = this.#after;
    this.#end = this.#end.withGtid(open.gtid);
    this.#after = this.#end;
    const head = [BINLOG_MAGIC, this.#formatBytes(), ...open.events];
    open.events = [];
    return {
      after,
      end: this.#end,
      transactions: 1,
      body: streamToEnd(head, parts),
      committedAtMs: open.committedAtMs,
    };
  }

  #formatBytes(): Buffer {
    invariant(this.#format, "a binlog stream opens with its format description event");
    return this.#format;
  }
}

async function* streamToEnd(head: Buffer[], parts: PartCursor): AsyncGenerator<Uint8Array> {
  yield Buffer.concat(head.splice(0));
  for (;;) {
    const part = await parts.next();
    invariant(part, "a binlog reader ends between transactions or with an error");
    if (part.kind === "event" || part.kind === "end") yield part.event.bytes;
    if (part.kind === "end") return;
  }
}
