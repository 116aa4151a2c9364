import type { OutputValue } from "@understudy/protocol";
import type { RowSink, StatementEnd } from "./query-command.ts";
import type { RawPacket } from "./raw-connection.ts";
import { readCells, readObject, type RowShape } from "./row-decoder.ts";
import type { WireColumn } from "./wire-column.ts";

/** What {@link CollectedRows} keeps of the rows. */
export interface RowLimits {
  readonly shape: RowShape;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** What one statement answered, with its rows. */
export interface StatementOutcome extends StatementEnd {
  readonly rows: Record<string, OutputValue>[] | OutputValue[][];
  /** Rows that the server sent, kept or not. */
  readonly rowCount: number;
  /** What the caller may not have as a whole; there are no rows then. */
  readonly overflow: "rows" | "bytes" | null;
}

/** What follows a passed limit is read and dropped up to here; beyond it a new connection is cheaper. */
const DRAIN_BYTES_MAX = 1024 * 1024;

/** Keeps the rows of the last result set, up to its limits. */
export class CollectedRows implements RowSink {
  readonly #limits: RowLimits;
  #columns: readonly WireColumn[] = [];
  #objects: Record<string, OutputValue>[] = [];
  #arrays: OutputValue[][] = [];
  #rowCount = 0;
  #bytes = 0;
  #drainUntilBytes = 0;
  #overflow: StatementOutcome["overflow"] = null;

  constructor(limits: RowLimits) {
    this.#limits = limits;
  }

  begin(columns: readonly WireColumn[]): void {
    this.#columns = columns;
    this.#objects = [];
    this.#arrays = [];
    this.#rowCount = 0;
  }

  take(packet: RawPacket): "more" | "enough" {
    this.#rowCount++;
    this.#bytes += packet.end - packet.offset;
    if (this.#overflow !== null) return this.#bytes < this.#drainUntilBytes ? "more" : "enough";
    const { shape, rowsMax, bytesMax } = this.#limits;
    if (this.#rowCount > rowsMax) this.#overflowed("rows");
    else if (this.#bytes > bytesMax) this.#overflowed("bytes");
    else if (shape === "arrays") this.#arrays.push(readCells(packet, this.#columns));
    else this.#objects.push(readObject(packet, this.#columns));
    return "more";
  }

  /** All of it, once the statement has ended. */
  outcome(end: StatementEnd): StatementOutcome {
    const rows = this.#limits.shape === "arrays" ? this.#arrays : this.#objects;
    return { ...end, rows, rowCount: this.#rowCount, overflow: this.#overflow };
  }

  #overflowed(what: "rows" | "bytes"): void {
    this.#overflow = what;
    this.#objects = [];
    this.#arrays = [];
    // A change whose rows nobody wants must end all the same: dropping its connection would undo it.
    this.#drainUntilBytes = this.#limits.rowsMax === 0 ? Infinity : this.#bytes + DRAIN_BYTES_MAX;
  }
}
