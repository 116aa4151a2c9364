import type { Column } from "@understudy/protocol";
import type { RowStream } from "./row-stream.ts";

/** A stream of rows whose session takes note of it once the last row was taken, when its position says all that the rows have shown. */
export class NotedRowStream<Row> implements RowStream<Row> {
  readonly #rows: RowStream<Row>;
  readonly #onEnd: () => void;

  constructor(rows: RowStream<Row>, onEnd: () => void) {
    this.#rows = rows;
    this.#onEnd = onEnd;
  }

  get columns(): readonly Column[] {
    return this.#rows.columns;
  }

  get node(): string | null {
    return this.#rows.node;
  }

  get rowCount(): number | null {
    return this.#rows.rowCount;
  }

  get position(): string | null {
    return this.#rows.position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    yield* this.#rows;
    this.#onEnd();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#rows[Symbol.asyncDispose]();
  }
}
