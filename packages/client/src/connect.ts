import { UnderstudyError } from "@understudy/protocol";
import { orAbort, retry, systemClock, systemRandom, type Clock, type Random } from "@understudy/kernel";
import { ClusterMap } from "./cluster-map.ts";
import { createNodeClient } from "./http-node-client.ts";
import type { CallOptions, NodeClient } from "./node-client.ts";
import { isWorthAnotherNode, mayHaveMoved, mayWriteAgain, type WriteExtent } from "./retry-rules.ts";
import type { UnderstudyClient, UnderstudyClientOptions } from "./understudy-client.ts";

/**
 * Connects to a cluster by any of its nodes. Rejects with `node-unreachable` where none of them answers, with
 * `invalid-request` for a list that is empty or holds what is no URL. A master need not be there yet.
 */
export async function connect(options: UnderstudyClientOptions): Promise<UnderstudyClient> {
  if (options.nodes.length === 0) throw new UnderstudyError("invalid-request", "no node is named");
  const { token, userAgent, timeoutMs } = options;
  const map = new ClusterMap({
    seeds: [...new Set(options.nodes.map((url) => url.replace(/\/$/, "")))],
    createNode: (url) => createNodeClient({ url, token, userAgent, timeoutMs }),
    random: options.random ?? systemRandom,
  });
  try {
    await map.refresh();
  } catch (error) {
    await map[Symbol.asyncDispose]();
    throw error;
  }
  return new FollowingClient(map, options);
}

const BACKOFF = { baseMs: 50, maxMs: 1_000 } as const;

type Call<T> = (node: NodeClient, options?: CallOptions) => Promise<T>;

class FollowingClient implements UnderstudyClient {
  readonly #map: ClusterMap;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #retryForMs: number;
  #lastPosition: string | null = null;

  constructor(map: ClusterMap, options: UnderstudyClientOptions) {
    this.#map = map;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#retryForMs = options.retryForMs ?? 15_000;
  }

  get lastPosition(): string | null {
    return this.#lastPosition;
  }

  get leaderUrl(): string | null {
    return this.#map.leaderUrl;
  }

  readonly query: UnderstudyClient["query"] = (request, options) =>
    this.#read((node, own) => node.query(request, own), options);
  readonly select: UnderstudyClient["select"] = (request, options) =>
    this.#read((node, own) => node.select(request, own), options);
  readonly databases: UnderstudyClient["databases"] = (options) =>
    this.#read((node, own) => node.databases(own), options);
  readonly database: UnderstudyClient["database"] = (name, options) =>
    this.#read((node, own) => node.database(name, own), options);
  readonly tables: UnderstudyClient["tables"] = (database, options) =>
    this.#read((node, own) => node.tables(database, own), options);
  readonly table: UnderstudyClient["table"] = (database, table, options) =>
    this.#read((node, own) => node.table(database, table, own), options);
  readonly cluster: UnderstudyClient["cluster"] = (options) =>
    this.#read((node, own) => node.cluster(own), options);

  readonly execute: UnderstudyClient["execute"] = (request, options) =>
    this.#write((node, own) => node.execute(request, own), options);
  readonly insert: UnderstudyClient["insert"] = (request, options) =>
    this.#write((node, own) => node.insert(request, own), options);
  readonly update: UnderstudyClient["update"] = (request, options) =>
    this.#write((node, own) => node.update(request, own), options);
  readonly delete: UnderstudyClient["delete"] = (request, options) =>
    this.#write((node, own) => node.delete(request, own), options);
  readonly createDatabase: UnderstudyClient["createDatabase"] = (request, options) =>
    this.#write((node, own) => node.createDatabase(request, own), options);
  readonly dropDatabase: UnderstudyClient["dropDatabase"] = (request, options) =>
    this.#write((node, own) => node.dropDatabase(request, own), options);
  readonly createTable: UnderstudyClient["createTable"] = (request, options) =>
    this.#write((node, own) => node.createTable(request, own), options);
  readonly dropTable: UnderstudyClient["dropTable"] = (request, options) =>
    this.#write((node, own) => node.dropTable(request, own), options);
  readonly batch: UnderstudyClient["batch"] = (request, options) =>
    this.#write((node, own) => node.batch(request, own), options, "transaction");

  [Symbol.asyncDispose](): Promise<void> {
    return this.#map[Symbol.asyncDispose]();
  }

  #read<T>(call: Call<T>, options?: CallOptions): Promise<T> {
    return this.#tryWhile(isWorthAnotherNode, options, async (attempt) => {
      if (attempt > 0) await unlessAborted(this.#map.refresh(), options);
      return this.#readFromAny(call, options);
    });
  }

  async #readFromAny<T>(call: Call<T>, options?: CallOptions): Promise<T> {
    let last: unknown;
    for (const node of this.#map.candidates()) {
      try {
        const answer = await call(node, options);
        this.#map.prefer(node);
        return answer;
      } catch (error) {
        if (!isWorthAnotherNode(error)) throw error;
        last = error;
      }
    }
    throw last;
  }

  #write<T extends { readonly position: string }>(
    call: Call<T>,
    options: CallOptions | undefined,
    extent: WriteExtent = "statement",
  ): Promise<T> {
    return this.#tryWhile(
      (error) => mayWriteAgain(error, extent),
      options,
      async () => {
        const node = await unlessAborted(this.#map.leader(), options);
        try {
          const answer = await call(node, options);
          this.#lastPosition = answer.position;
          this.#map.noteWrite(answer.position);
          return answer;
        } catch (error) {
          if (mayHaveMoved(error)) this.#map.markStale();
          throw error;
        }
      },
    );
  }

  #tryWhile<T>(
    isRetryable: (error: unknown) => boolean,
    options: CallOptions | undefined,
    task: (attempt: number) => Promise<T>,
  ): Promise<T> {
    const endMs = this.#clock.monotonicMs() + this.#retryForMs;
    return retry(task, {
      ...BACKOFF,
      clock: this.#clock,
      random: this.#random,
      ...(options?.signal ? { signal: options.signal } : {}),
      attemptsMax: Number.POSITIVE_INFINITY,
      isRetryable: (error) => this.#clock.monotonicMs() + BACKOFF.maxMs <= endMs && isRetryable(error),
    });
  }
}

function unlessAborted<T>(promise: Promise<T>, options: CallOptions | undefined): Promise<T> {
  return options?.signal ? orAbort(promise, options.signal) : promise;
}
