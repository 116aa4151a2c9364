import { messageOf, orAbort, randomToken, retry, type Clock, type Random } from "@understudy/kernel";
import { HEADERS, UnderstudyError } from "@understudy/protocol";
import type { ClusterMap } from "./cluster-map.ts";
import type { CallOptions, NodeClient } from "./node-client.ts";
import {
  isWorthAnotherNode,
  mayHaveMoved,
  mayHaveWritten,
  settlesEarlierTries,
  mayWriteAgain,
  mayWriteAgainWithKey,
  wasNotSent,
} from "./retry-rules.ts";
import type { WriteCallOptions } from "./sql-call.ts";

const BACKOFF = { baseMs: 50, maxMs: 1_000 } as const;

/** One call of one node. */
export type Call<T> = (node: NodeClient, options: CallOptions) => Promise<T>;

/** Options of {@link ClusterCalls}. */
export interface ClusterCallsOptions {
  readonly map: ClusterMap;
  readonly clock: Clock;
  readonly random: Random;
  /** A call begins no new try later than this after its first failure. */
  readonly retryForMs: number;
  /** Whether writes get a key where the call does not say. */
  readonly idempotent: boolean;
}

/** Brings each call to a node that can carry it out, and again where that is safe. Holds nothing between calls. */
export class ClusterCalls {
  readonly map: ClusterMap;
  readonly clock: Clock;
  readonly random: Random;
  readonly #retryForMs: number;
  readonly #idempotent: boolean;

  constructor(options: ClusterCallsOptions) {
    this.map = options.map;
    this.clock = options.clock;
    this.random = options.random;
    this.#retryForMs = options.retryForMs;
    this.#idempotent = options.idempotent;
  }

  /** Asks one node after another, from the preferred one or the master on, and all of them again while time is left. */
  read<T>(call: Call<T>, options: CallOptions = {}, first?: "preferred" | "master"): Promise<T> {
    return this.again(isWorthAnotherNode, options, async (own, attempt) => {
      if (attempt > 0) await this.#unlessLate(this.map.refresh(), own);
      let last: unknown;
      for (const node of this.map.candidates(first)) {
        try {
          const answer = await call(node, own);
          if (first !== "master") this.map.prefer(node);
          return answer;
        } catch (error) {
          this.#noteFailure(node, error);
          if (!isWorthAnotherNode(error)) throw error;
          last = error;
        }
      }
      throw last;
    });
  }

  /**
   * Sends a write to the master, under one key for all its tries. Throws `write-uncertain` where no try told what became of one that
   * may have been carried out, however the last one failed.
   */
  async write<T extends { readonly position: string }>(
    call: Call<T>,
    options: WriteCallOptions = {},
  ): Promise<T> {
    const { idempotencyKey, idempotent, ...plain } = options;
    const own = plain.headers ?? {};
    const isNamed = Object.keys(own).some((name) => name.toLowerCase() === HEADERS.idempotencyKey);
    const key = idempotencyKey ?? ((idempotent ?? this.#idempotent) && !isNamed ? randomToken() : undefined);
    const headers = key === undefined ? own : { ...own, [HEADERS.idempotencyKey]: key };
    const isKeyed = isNamed || key !== undefined;
    let uncertain: unknown;
    const noted: Call<T> = async (node, own) => {
      try {
        return await call(node, own);
      } catch (error) {
        if (mayHaveWritten(error)) uncertain = error;
        throw error;
      }
    };
    try {
      return await this.master(noted, { ...plain, headers }, isKeyed ? mayWriteAgainWithKey : mayWriteAgain);
    } catch (error) {
      if (uncertain === undefined || error === uncertain || settlesEarlierTries(error)) throw error;
      throw new UnderstudyError(
        "write-uncertain",
        `an earlier try may have been carried out, and what became of it could not be found out: ${messageOf(error)}`,
        { details: key === undefined ? {} : { idempotencyKey: key }, cause: error },
      );
    }
  }

  /** Sends a call to the master, and again where its failure is one that `isRetryable`. */
  master<T>(call: Call<T>, options: CallOptions, isRetryable: (error: unknown) => boolean): Promise<T> {
    return this.again(isRetryable, options, async (own) => {
      return this.toNode(await this.leader(own), call, own);
    });
  }

  /** Where the master is reached; throws as `ClusterMap.leader` does, and when `options` say that it takes too long. */
  leader(options: CallOptions): Promise<NodeClient> {
    return this.#unlessLate(this.map.leader(), options);
  }

  /** One try at one node. */
  async toNode<T>(node: NodeClient, call: Call<T>, options: CallOptions): Promise<T> {
    try {
      return await call(node, options);
    } catch (error) {
      this.#noteFailure(node, error);
      throw error;
    }
  }

  #noteFailure(node: NodeClient, error: unknown): void {
    if (wasNotSent(error)) this.map.shun(node);
    if (mayHaveMoved(error) && (node.url === this.map.leaderUrl || !wasNotSent(error))) this.map.markStale();
  }

  /** Runs `task` again while its failures are retryable and time is left; `timeoutMs` is for all of it. */
  again<T>(
    isRetryable: (error: unknown) => boolean,
    options: CallOptions,
    task: (options: CallOptions, attempt: number) => Promise<T>,
  ): Promise<T> {
    this.map.keepFresh();
    const { signal, timeoutMs } = options;
    const startMs = this.clock.monotonicMs();
    let endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : startMs + timeoutMs;
    return retry(
      (attempt) => {
        if (timeoutMs === undefined) return task(options, attempt);
        const leftMs = Math.max(1, startMs + timeoutMs - this.clock.monotonicMs());
        return task({ ...options, timeoutMs: leftMs }, attempt);
      },
      {
        ...BACKOFF,
        clock: this.clock,
        random: this.random,
        ...(signal ? { signal } : {}),
        attemptsMax: Number.POSITIVE_INFINITY,
        isRetryable: (error) => {
          const nowMs = this.clock.monotonicMs();
          endMs = Math.min(endMs, nowMs + this.#retryForMs);
          return nowMs + BACKOFF.maxMs <= endMs && isRetryable(error);
        },
      },
    );
  }

  async #unlessLate<T>(promise: Promise<T>, { signal, timeoutMs }: CallOptions): Promise<T> {
    if (timeoutMs === undefined) return signal ? orAbort(promise, signal) : promise;
    const late = new UnderstudyError("node-unreachable", "no node of the cluster answered in time", {
      details: { sent: false },
    });
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(late), timeoutMs);
    try {
      return await orAbort(promise, signal ? AbortSignal.any([signal, timer.signal]) : timer.signal);
    } finally {
      clearTimeout(timeout);
    }
  }
}
