import type { Flavour } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import type { TransactionPart } from "./transaction-part.ts";
/** Groups events into transactions. */
export class TransactionGrouper {
  readonly #flavour: Flavour;
  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }
  get insideTransaction(): boolean {
    return false;
  }
  push(_event: BinlogEvent): TransactionPart[] {
    throw new Error(`coming ${this.#flavour}`);
  }
}
/** Groups batches of events; gives a batch of parts for each. */
export async function* groupTransactions(
  _flavour: Flavour,
  _batches: AsyncIterable<readonly BinlogEvent[]>,
): AsyncGenerator<readonly TransactionPart[]> {
  throw new Error("coming");
}
