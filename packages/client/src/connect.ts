import { UnderstudyError } from "@understudy/protocol";
import { systemClock, systemRandom } from "@understudy/kernel";
import { ClusterCalls } from "./cluster-calls.ts";
import { ClusterMap } from "./cluster-map.ts";
import { createNodeClient } from "./http-node-client.ts";
import { ClusterSession } from "./session.ts";
import { SessionPositions } from "./session-positions.ts";
import type {
  Session,
  SessionOptions,
  UnderstudyClient,
  UnderstudyClientOptions,
} from "./understudy-client.ts";

const RETRY_FOR_MS = 15_000;

/**
 * Connects to a cluster by any of its nodes. Rejects with `node-unreachable` where none of them answers, with
 * `invalid-request` for a list that is empty or holds what is no URL. A master need not be there yet.
 */
export async function connect(options: UnderstudyClientOptions): Promise<UnderstudyClient> {
  if (options.nodes.length === 0) throw new UnderstudyError("invalid-request", "no node is named");
  const { tls, token, userAgent, timeoutMs, clock = systemClock, random = systemRandom } = options;
  const map = new ClusterMap({
    seeds: [...new Set(options.nodes.map((url) => url.replace(/\/$/, "")))],
    createNode: (url) => createNodeClient({ url, tls, token, userAgent, timeoutMs }),
    clock,
    random,
  });
  try {
    await map.refresh();
  } catch (error) {
    await map[Symbol.asyncDispose]();
    throw error;
  }
  const { retryForMs = RETRY_FOR_MS, idempotent = true } = options;
  return new ConnectedClient(new ClusterCalls({ map, clock, random, retryForMs, idempotent }), options);
}

class ConnectedClient extends ClusterSession implements UnderstudyClient {
  readonly #calls: ClusterCalls;
  readonly #options: UnderstudyClientOptions;
  readonly #last: { position: string | null };

  constructor(calls: ClusterCalls, options: UnderstudyClientOptions) {
    const last: { position: string | null } = { position: null };
    super({
      calls,
      positions: options.readYourWrites === false ? null : new SessionPositions(),
      acks: options,
      onWrite: (position) => {
        last.position = position;
      },
    });
    this.#calls = calls;
    this.#options = options;
    this.#last = last;
  }

  get lastPosition(): string | null {
    return this.#last.position;
  }

  get leaderUrl(): string | null {
    return this.#calls.map.leaderUrl;
  }

  session({ after = null }: SessionOptions = {}): Session {
    return new ClusterSession({
      calls: this.#calls,
      positions: new SessionPositions(after),
      acks: this.#options,
      onWrite: (position) => {
        this.#last.position = position;
      },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#calls.map[Symbol.asyncDispose]();
  }
}
