import type { RowSink } from "./query-command.ts";
import type { RawPacket } from "./raw-connection.ts";
import { readCells, readObject, type Row, type RowShape } from "./row-decoder.ts";
import type { WireColumn } from "./wire-column.ts";

/** The source is paused when so many bytes of rows wait; what it has read already (64 KiB at most) still comes. */
const PAUSE_AT_BYTES = 128 * 1024;

/** What a {@link RowBuffer} needs. */
export interface RowBufferOptions {
  readonly shape: RowShape;
  /** Called when the columns are known, before any row. What it throws is the caller's own and must not be an error of the wire. */
  readonly onColumns: (columns: readonly WireColumn[], foundTraces: boolean) => void;
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Hands rows from a statement to one reader, and lets the statement wait while the reader does not take. */
export class RowBuffer implements RowSink {
  readonly #options: RowBufferOptions;
  #columns: readonly WireColumn[] = [];
  #rows: Row[] = [];
  #bytes = 0;
  #paused = false;
  #end: { readonly error: Error | null } | null = null;
  #arrival: PromiseWithResolvers<void> | null = null;

  constructor(options: RowBufferOptions) {
    this.#options = options;
  }

  begin(columns: readonly WireColumn[], foundTraces: boolean): void {
    this.#columns = columns;
    this.#options.onColumns(columns, foundTraces);
  }

  take(packet: RawPacket): "more" {
    // what still comes of a stream that was given up is nobody's
    if (this.#end !== null) return "more";
    this.#bytes += packet.end - packet.offset;
    const read = this.#options.shape === "arrays" ? readCells : readObject;
    this.#rows.push(read(packet, this.#columns));
    if (this.#bytes >= PAUSE_AT_BYTES && !this.#paused) {
      this.#paused = true;
      this.#options.pause();
    }
    this.#arrived();
    return "more";
  }

  /** No more rows come: those that wait are handed out, then the error, if any. Only the first end counts. */
  finish(error: Error | null): void {
    this.#end ??= { error };
    this.#arrived();
  }

  /** As {@link finish}, but the rows that wait are dropped. */
  giveUp(error: Error): void {
    if (this.#end === null || this.#rows.length > 0) this.#end = { error };
    this.#rows = [];
    this.#arrived();
  }

  /** The rows that have come since the last call, at least one; null after the last one. Throws what ended the rows. */
  async next(): Promise<readonly Row[] | null> {
    while (this.#rows.length === 0) {
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return null;
      this.#arrival ??= Promise.withResolvers();
      await this.#arrival.promise;
    }
    const piece = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    if (this.#paused) {
      this.#paused = false;
      if (this.#end === null) this.#options.resume();
    }
    return piece;
  }

  #arrived(): void {
    this.#arrival?.resolve();
    this.#arrival = null;
  }
}
