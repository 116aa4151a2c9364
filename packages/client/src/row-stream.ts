import { isObject } from "@understudy/kernel";
import { HEADERS, isErrorCode, UnderstudyError, type Column, type OutputValue } from "@understudy/protocol";
import { readNdjson } from "./ndjson-lines.ts";
import type { OpenAnswer } from "./open-answer.ts";
import type { RowArray, RowObject } from "./values.ts";

/**
 * The rows of a query as they come, to be iterated once. Rows are read from the node no faster than they are taken. Leaving the
 * loop early, an abort or the disposal close the connection, whereupon the node ends the query on its server.
 */
export interface RowStream<Row> extends AsyncIterable<Row>, AsyncDisposable {
  readonly columns: readonly Column[];
  /** The node that answers. */
  readonly node: string | null;
  /** How many rows there were; null until the last was taken. */
  readonly rowCount: number | null;
  /**
   * The rows show everything up to here, and once the last was taken, all that they have shown is within it if the read named `after`;
   * null where the node does not say.
   */
  readonly position: string | null;
}

/** How {@link HttpRowStream} gives rows out. */
export interface RowStreamOptions {
  readonly url: string;
  readonly rows: "objects" | "arrays";
}

/** A {@link RowStream} over an answer of NDJSON whose rows are arrays. Use {@link openRowStream}. */
class HttpRowStream<Row> implements RowStream<Row> {
  readonly columns: readonly Column[];
  readonly node: string | null;
  #position: string | null;
  #rowCount: number | null = null;
  #isTaken = false;
  readonly #answer: OpenAnswer;
  readonly #pieces: AsyncGenerator<readonly unknown[], void, undefined>;
  readonly #first: readonly unknown[];
  readonly #options: RowStreamOptions;

  constructor(answer: OpenAnswer, begun: Begun, options: RowStreamOptions) {
    this.#answer = answer;
    this.columns = begun.columns;
    this.#first = begun.first;
    this.#pieces = begun.pieces;
    this.#options = options;
    this.node = textOf(begun.header, "node") ?? answer.headers[HEADERS.node] ?? null;
    this.#position = textOf(begun.header, "position") ?? answer.headers[HEADERS.position] ?? null;
  }

  get position(): string | null {
    return this.#position;
  }

  get rowCount(): number | null {
    return this.#rowCount;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Row, void, undefined> {
    if (this.#isTaken) throw new UnderstudyError("invalid-request", "the rows of a stream can be taken once");
    this.#isTaken = true;
    const toRow = rowMaker(this.columns, this.#options.rows);
    try {
      for (let piece: readonly unknown[] | undefined = this.#first; piece; piece = await this.#next()) {
        for (const line of piece) {
          if (!Array.isArray(line)) {
            this.#end(line);
            return;
          }
          // a row is what its caller says that it is
          yield toRow(line as RowArray) as Row;
        }
      }
      throw cutShort(this.#options.url);
    } finally {
      this.#answer.close();
    }
  }

  async #next(): Promise<readonly unknown[] | undefined> {
    try {
      const { done, value } = await this.#pieces.next();
      return done === true ? undefined : value;
    } catch (error) {
      throw this.#answer.inWords(error);
    }
  }

  #end(trailer: unknown): void {
    if (trailer === undefined) throw cutShort(this.#options.url);
    if (!isObject(trailer)) throw notUnderstudy(this.#options.url);
    if ("error" in trailer) throw errorOf(trailer.error, this.#options.url);
    if (!("rowCount" in trailer) || typeof trailer.rowCount !== "number") {
      throw notUnderstudy(this.#options.url);
    }
    this.#rowCount = trailer.rowCount;
    this.#position = textOf(trailer, "position") ?? this.#position;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#answer.close();
  }
}

interface Begun {
  readonly header: object;
  readonly columns: readonly Column[];
  readonly first: readonly unknown[];
  readonly pieces: AsyncGenerator<readonly unknown[], void, undefined>;
}

/** Reads the beginning of an answer: rejects with the query's error, with `node-unreachable` where it is cut. */
export async function openRowStream<Row>(
  answer: OpenAnswer,
  options: RowStreamOptions,
): Promise<RowStream<Row>> {
  try {
    const pieces = readNdjson(answer.body);
    const { done, value } = await pieces.next();
    if (done === true) throw cutShort(options.url);
    const [header, ...first] = value;
    if (!isObject(header)) throw notUnderstudy(options.url);
    if ("error" in header) throw errorOf(header.error, options.url);
    if (!("columns" in header) || !Array.isArray(header.columns)) throw notUnderstudy(options.url);
    const columns = header.columns as readonly Column[];
    return new HttpRowStream<Row>(answer, { header, columns, first, pieces }, options);
  } catch (error) {
    answer.close();
    throw answer.inWords(error);
  }
}

function rowMaker(
  columns: readonly Column[],
  kind: "objects" | "arrays",
): (row: RowArray) => RowArray | RowObject {
  if (kind === "arrays") return (row) => row;
  const names = columns.map(({ name }) => name);
  return (row) => {
    const made: RowObject = {};
    for (let index = 0; index < names.length; index++) {
      const name = names[index] ?? "";
      if (name === "__proto__") setOwn(made, name, row[index] ?? null);
      else made[name] = row[index] ?? null;
    }
    return made;
  };
}

/** Assigning `__proto__` would set the prototype. */
function setOwn(row: RowObject, name: string, value: OutputValue): void {
  Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
}

function textOf(header: object, key: string): string | undefined {
  const value = (header as Readonly<Record<string, unknown>>)[key];
  return typeof value === "string" ? value : undefined;
}

function errorOf(problem: unknown, url: string): UnderstudyError {
  const { code, detail, ...details } = { code: undefined, detail: undefined, ...Object(problem) } as Record<
    string,
    unknown
  >;
  const text = typeof detail === "string" && detail !== "" ? detail : `${url} ended the rows with an error`;
  const known = typeof code === "string" && isErrorCode(code) ? code : "internal";
  return new UnderstudyError(known, text, { details });
}

function cutShort(url: string): UnderstudyError {
  return new UnderstudyError("node-unreachable", `${url} cut its rows short`, {
    details: { sent: true, url },
  });
}

function notUnderstudy(url: string): UnderstudyError {
  return new UnderstudyError("internal", `${url} answered something that is not Understudy's rows`);
}
