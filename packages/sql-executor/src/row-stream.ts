import { toError } from "@understudy/kernel";
import { UnderstudyError, type Column } from "@understudy/protocol";
import { classifyDriverError } from "./driver-error.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Lending, OpenLend } from "./lending.ts";
import { columnsOf, refuseSameNames } from "./outcome-results.ts";
import { ConnectionLostError } from "./query-command.ts";
import { RowBuffer } from "./row-buffer.ts";
import type { Row, RowShape } from "./row-decoder.ts";
import type { SessionPool } from "./session-pool.ts";
import type { RowStream } from "./sql-executor.ts";

/** What streams are opened with. */
export interface StreamServices {
  readonly pool: SessionPool;
  readonly lending: Lending;
  readonly deadlines: Deadlines;
}

/** One statement whose rows are streamed. */
export interface StreamRequest {
  /** With its parameters in it. */
  readonly sql: string;
  readonly shape: RowShape;
  readonly database: string | undefined;
  /** Run it on a session that nothing has touched. */
  readonly fresh: boolean;
  /** The session is to be reset afterwards. */
  readonly leavesState: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What an earlier statement left in the session may show in the rows, so that they must not be handed out. */
class TracesFoundError extends Error {}

const ATTEMPTS_MAX = 3;

/**
 * Runs the statement and resolves with its columns known and no row handed out yet: up to there it may run again, where its
 * connection turns out to be dead, or its session not to be clean. Throws errors of the error table.
 */
export async function openRowStream(services: StreamServices, request: StreamRequest): Promise<RowStream> {
  let { fresh } = request;
  for (let attempt = 1; ; attempt++) {
    request.signal?.throwIfAborted();
    try {
      const lend = await services.lending.lendOpen({
        pool: services.pool,
        database: request.database,
        fresh,
      });
      if (request.signal?.aborted) lend.giveBack();
      request.signal?.throwIfAborted();
      const stream = new OpenRowStream(services, request, lend);
      await stream.opened;
      return stream;
    } catch (error) {
      request.signal?.throwIfAborted();
      const mayRepeat = attempt < ATTEMPTS_MAX;
      if (mayRepeat && error instanceof TracesFoundError) fresh = true;
      // What lies idle broke with it, most likely by a restart of the server.
      else if (mayRepeat && error instanceof ConnectionLostError) services.pool.dropIdle();
      else throw classifyDriverError(error);
    }
  }
}

/** The rows of a statement under way. It holds its session until the last row has come in from the server. */
class OpenRowStream implements RowStream {
  readonly #opened = Promise.withResolvers<void>();
  readonly #buffer: RowBuffer;
  readonly #lend: OpenLend;
  readonly #release: () => void;
  #columns: readonly Column[] = [];
  #hasColumns = false;
  #isRunning = true;
  #isTaken = false;

  constructor({ deadlines }: StreamServices, request: StreamRequest, lend: OpenLend) {
    const { session } = lend;
    const { timeoutMs, signal } = request;
    this.#lend = lend;
    this.#buffer = new RowBuffer({
      shape: request.shape,
      onColumns: (columns, foundTraces) => {
        if (foundTraces) this.#giveUp(new TracesFoundError("the session was not clean"));
        else this.#begin(request.shape, columnsOf(columns));
      },
      pause: () => session.pause(),
      resume: () => session.resume(),
    });
    const onAbort = (): void => this.#giveUp(toError(signal?.reason));
    const deadline = deadlines.start(timeoutMs, () => this.#giveUp(timedOut(timeoutMs)));
    this.#release = () => {
      deadlines.cancel(deadline);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    if (request.leavesState) session.markForReset();
    session.stream(request.sql, this.#buffer).then(
      () => this.#finish(null),
      (error: unknown) => this.#finish(toError(error)),
    );
  }

  get columns(): readonly Column[] {
    return this.#columns;
  }

  /** Resolves when the columns are known. Rejects unclassified. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  async *pieces(): AsyncGenerator<readonly Row[]> {
    if (this.#isTaken) throw new UnderstudyError("internal", "the rows of a stream can be taken only once");
    this.#isTaken = true;
    try {
      for (let piece = await this.#buffer.next(); piece; piece = await this.#buffer.next()) yield piece;
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#giveUp(new UnderstudyError("internal", "the stream was disposed before its last row"));
  }

  #begin(shape: RowShape, columns: Column[]): void {
    try {
      if (shape === "objects") refuseSameNames(columns);
    } catch (error) {
      this.#giveUp(toError(error));
      return;
    }
    this.#columns = columns;
    this.#hasColumns = true;
    this.#opened.resolve();
  }

  /** The server has no more to say. The session goes back, although rows may still wait for the reader. */
  #finish(error: Error | null): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#release();
    this.#lend.session.resume();
    this.#lend.giveBack();
    if (error === null || this.#hasColumns) {
      this.#buffer.finish(error && classifyDriverError(error));
      this.#opened.resolve();
    } else this.#opened.reject(error);
  }

  /** Ends the statement on the server, where it still runs there. */
  #giveUp(error: Error): void {
    this.#buffer.giveUp(error);
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#release();
    this.#lend.end();
    this.#opened.reject(error);
  }
}

function timedOut(timeoutMs: number): UnderstudyError {
  return new UnderstudyError("timeout", `it ran longer than ${timeoutMs} ms; it was ended`);
}
