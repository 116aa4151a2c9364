import type { TransactionHeader, TransactionPart } from "@understudy/binlog";
import { invariant } from "@understudy/kernel";
import type { ReadTransaction } from "./replication-window.ts";

/** Collects the parts of a binlog into transactions; of those above `bytesMax` only the size is kept. */
export class TransactionAssembler {
  readonly #bytesMax: number;
  #format: Buffer | null = null;
  #header: TransactionHeader | null = null;
  #events: Buffer[] = [];
  #size = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes the next part; returns the transaction that it completes, else null. */
  push(part: TransactionPart): ReadTransaction | null {
    switch (part.kind) {
      case "format":
        this.#format = part.event.bytes;
        return null;
      case "heartbeat":
        return null;
      case "begin":
        this.#header = part.header;
        this.#events = [];
        this.#size = 0;
        this.#keep(part.event.bytes);
        return null;
      case "event":
        this.#keep(part.event.bytes);
        return null;
      case "end":
        this.#keep(part.event.bytes);
        return this.#complete();
      default:
        return part satisfies never;
    }
  }

  #keep(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size > this.#bytesMax) this.#events = [];
    else this.#events.push(bytes);
  }

  #complete(): ReadTransaction {
    const header = this.#header;
    const format = this.#format;
    invariant(header, "a transaction ends only after it began");
    invariant(format, "a binlog stream opens with its format description event");
    const events = this.#size > this.#bytesMax ? null : this.#events;
    this.#header = null;
    this.#events = [];
    const { gtid, committedAtMs } = header;
    return { gtid, committedAtMs, size: this.#size, events, format };
  }
}
