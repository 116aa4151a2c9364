import {
  errorCodeOf,
  isUnderstudyError,
  UnderstudyError,
  type AckLevel,
  type BeginRequest,
  type CommitAnswer,
  type TransactionExecuteAnswer,
  type TransactionQueryAnswer,
} from "@understudy/protocol";
import type { ClusterCalls } from "./cluster-calls.ts";
import { carryCommitThrough } from "./commit-outcome.ts";
import type { CallOptions, NodeClient } from "./node-client.ts";
import type { CommitInput, TransactionExecuteInput, TransactionQueryInput } from "./requests.ts";
import { mayWriteAgainWithKey } from "./retry-rules.ts";
import { sqlCall, type SqlOptions } from "./sql-call.ts";
import type { RowArray, RowObject, ValueParams } from "./values.ts";

/** What a transaction begins with. */
export interface TransactionOptions {
  readonly database?: string | undefined;
  /** Default: the server's, `repeatable-read`. */
  readonly isolation?: BeginRequest["isolation"];
  /** It is rolled back when nothing is sent for so long. Default 5,000. */
  readonly idleTimeoutMs?: number | undefined;
  /** It is rolled back so long after its begin. Default 30,000. */
  readonly maxMs?: number | undefined;
  /** Ends it and whatever call of it is under way. */
  readonly signal?: AbortSignal | undefined;
  readonly ack?: AckLevel | undefined;
  readonly ackTimeoutMs?: number | undefined;
}

/** Options of {@link UnderstudyClient.inTransaction}. */
export interface TransactionRunOptions extends TransactionOptions {
  /** How often all of it may run again. Default 5. */
  readonly retries?: number | undefined;
}

/** A query's answer inside a transaction. */
export type TransactionQueryResult<Row> = Omit<TransactionQueryAnswer, "rows"> & { readonly rows: Row[] };

type AsArrays = { readonly rows: "arrays" };

/**
 * A transaction on the master that stays open between calls. One call at a time runs; others wait their turn. After an error that
 * undid it as a whole (deadlock, timeout, a lost connection, its expiry) every further call throws `transaction-expired`.
 */
export interface Transaction extends AsyncDisposable {
  readonly id: string;
  /** True once it was committed or rolled back, as far as is known here. */
  readonly hasEnded: boolean;
  query<Row = RowArray>(
    request: TransactionQueryInput & AsArrays,
    options?: CallOptions,
  ): Promise<TransactionQueryResult<Row>>;
  query<Row = RowObject>(
    request: TransactionQueryInput,
    options?: CallOptions,
  ): Promise<TransactionQueryResult<Row>>;
  query<Row = RowObject>(
    sql: string,
    params?: ValueParams,
    options?: SqlOptions<TransactionQueryInput>,
  ): Promise<TransactionQueryResult<Row>>;
  execute(request: TransactionExecuteInput, options?: CallOptions): Promise<TransactionExecuteAnswer>;
  execute(
    sql: string,
    params?: ValueParams,
    options?: SqlOptions<TransactionExecuteInput>,
  ): Promise<TransactionExecuteAnswer>;
  /**
   * Commits. Where the answer is lost, the outcome is asked for. Throws `transaction-expired` where it was rolled back,
   * `ack-timeout` where it is committed but too few slaves are known to have it, `write-uncertain` where nobody could tell.
   */
  commit(request?: CommitInput, options?: CallOptions): Promise<CommitAnswer>;
  /** Rolls back; does nothing where it has ended. */
  rollback(options?: CallOptions): Promise<void>;
}

/** What {@link OpenTransaction} is made of. */
interface Begun {
  readonly id: string;
  readonly node: NodeClient;
  readonly calls: ClusterCalls;
  readonly options: TransactionOptions;
  readonly onCommit: (position: string) => void;
}

const ROLLBACK_TIMEOUT_MS = 2_000;

/** Begins a transaction on the master. */
export async function beginTransaction(
  calls: ClusterCalls,
  options: TransactionOptions,
  onCommit: (position: string) => void,
): Promise<Transaction> {
  const { signal, ack: _ack, ackTimeoutMs: _ackTimeoutMs, ...request } = options;
  const begun = await calls.master(
    async (node, own) => ({ ...(await node.begin(request, own)), node }),
    { signal },
    // One that was begun and never heard of expires.
    mayWriteAgainWithKey,
  );
  return new ClusterTransaction({ id: begun.id, node: begun.node, calls, options, onCommit });
}

class ClusterTransaction implements Transaction {
  readonly id: string;
  readonly #begun: Begun;
  #hasEnded = false;

  constructor(begun: Begun) {
    this.id = begun.id;
    this.#begun = begun;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  query<Row>(
    first: TransactionQueryInput | string,
    second?: ValueParams | CallOptions,
    third?: SqlOptions<TransactionQueryInput>,
  ): Promise<TransactionQueryResult<Row>> {
    const { request, options } = sqlCall<TransactionQueryInput, CallOptions>(first, second, third);
    return this.#send(options, (node, own) => node.transactionQuery(this.id, request, own)) as Promise<
      TransactionQueryResult<Row>
    >;
  }

  execute(
    first: TransactionExecuteInput | string,
    second?: ValueParams | CallOptions,
    third?: SqlOptions<TransactionExecuteInput>,
  ): Promise<TransactionExecuteAnswer> {
    const { request, options } = sqlCall<TransactionExecuteInput, CallOptions>(first, second, third);
    return this.#send(options, (node, own) => node.transactionExecute(this.id, request, own));
  }

  async commit(request: CommitInput = {}, options: CallOptions = {}): Promise<CommitAnswer> {
    this.#throwIfEnded();
    this.#hasEnded = true;
    const { ack, ackTimeoutMs } = this.#begun.options;
    const wanted = {
      ...(ack === undefined ? {} : { ack }),
      ...(ackTimeoutMs === undefined ? {} : { ackTimeoutMs }),
      ...request,
    };
    try {
      const answer = await carryCommitThrough(this.#begun, wanted, this.#own(options));
      this.#begun.onCommit(answer.position);
      return answer;
    } catch (error) {
      if (isUnderstudyError(error, "ack-timeout") && error.position !== undefined) {
        this.#begun.onCommit(error.position);
      }
      throw error;
    }
  }

  async rollback(options: CallOptions = {}): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const own = this.#own(options);
    try {
      await this.#begun.node.rollback(this.id, own);
    } catch (error) {
      // Whatever else is wrong, nobody commits it, and it expires.
      if (own.signal?.aborted) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    try {
      await this.#begun.node.rollback(this.id, { timeoutMs: ROLLBACK_TIMEOUT_MS });
    } catch {
      // Best effort: whatever is wrong, nobody commits it, and it expires.
    }
  }

  async #send<T>(options: CallOptions, call: (node: NodeClient, own: CallOptions) => Promise<T>): Promise<T> {
    this.#throwIfEnded();
    try {
      return await this.#begun.calls.toNode(this.#begun.node, call, this.#own(options));
    } catch (error) {
      if (errorCodeOf(error) === "transaction-expired") this.#hasEnded = true;
      // Whether the statement ran can't be told, so that nothing may follow it.
      if (isUnderstudyError(error, "node-unreachable", "write-uncertain") || options.signal?.aborted) {
        await this[Symbol.asyncDispose]();
      }
      throw error;
    }
  }

  #own(options: CallOptions): CallOptions {
    const { signal } = this.#begun.options;
    if (!signal) return options;
    return { ...options, signal: options.signal ? AbortSignal.any([signal, options.signal]) : signal };
  }

  #throwIfEnded(): void {
    this.#begun.options.signal?.throwIfAborted();
    if (this.#hasEnded) {
      throw new UnderstudyError("transaction-expired", "the transaction has been committed or rolled back");
    }
  }
}
