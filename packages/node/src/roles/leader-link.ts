import type {
  ForwardAnswer,
  ForwardReadRequest,
  ForwardRequest,
  ForwardStream,
  NodeClient,
} from "@understudy/client";
import { anySignal, ChangeSignal, isAbortOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { PeerClients } from "../peers/peer-clients.ts";

/** A master as a slave knows it. */
export interface KnownLeader {
  /** Null where only an address was configured. */
  readonly nodeId: string | null;
  readonly url: string;
}

/** The longest statement that a client may ask for, and a little: the master ends it by its own `timeoutMs`. */
const FORWARD_TIMEOUT_MS = 3_610_000;

/** A slave's way to its master, which may become another one, or none. */
export class LeaderLink implements AsyncDisposable {
  /** Notified when there is another master, or none. */
  readonly changed = new ChangeSignal();
  #leader: KnownLeader | null = null;
  #client: NodeClient | null = null;
  #life = new AbortController();
  readonly #peers: PeerClients;

  constructor(leader: KnownLeader | null, peers: PeerClients) {
    this.#peers = peers;
    this.set(leader);
  }

  /** Null while nobody leads, as far as this node knows. */
  get leader(): KnownLeader | null {
    return this.#leader;
  }

  get url(): string | null {
    return this.#leader?.url ?? null;
  }

  /** Throws `no-leader` while there is none. */
  get client(): NodeClient {
    if (this.#client) return this.#client;
    throw new UnderstudyError("no-leader", "no node leads at the moment, as far as this one knows");
  }

  /** Aborts when calls go to another address, or nowhere. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /**
   * Passes a request on to the master and its answer back. Throws `no-leader` where it surely did not reach one, and `write-uncertain` where
   * it may have, or brought no answer within `timeoutMs`.
   */
  async forward(
    request: ForwardRequest,
    signal: AbortSignal,
    timeoutMs = FORWARD_TIMEOUT_MS,
  ): Promise<ForwardAnswer> {
    const { client, life } = this;
    try {
      return await client.forward(request, { signal: anySignal(signal, life), timeoutMs });
    } catch (error) {
      signal.throwIfAborted();
      if (!isAbortOf(error, life)) throw error;
      throw new UnderstudyError(
        "write-uncertain",
        "another node became the master while the old one worked on the request",
        { cause: error },
      );
    }
  }

  /** Passes a read on to the master, whose answer comes as it is taken. Throws `no-leader` where none began. */
  async forwardStream(request: ForwardReadRequest, signal: AbortSignal): Promise<ForwardStream> {
    return await this.client.forwardStream(request, { signal, timeoutMs: FORWARD_TIMEOUT_MS });
  }

  /** From now on calls go to this one. What is under way to another one is given up after a moment. */
  set(leader: KnownLeader | null): void {
    const before = this.#client;
    const isSameUrl = this.#leader?.url === leader?.url;
    if (isSameUrl && this.#leader?.nodeId === leader?.nodeId) return;
    this.#leader = leader;
    if (!isSameUrl) {
      this.#client = leader ? this.#peers.connect(leader.url) : null;
      this.#life.abort(new DOMException("another node leads", "AbortError"));
      this.#life = new AbortController();
      // its calls under way have a moment to end; nobody waits for that, and it does not fail
      if (before) Promise.resolve(before[Symbol.asyncDispose]()).catch(() => undefined);
    }
    this.changed.notify();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client;
    this.#client = null;
    this.#leader = null;
    await client?.[Symbol.asyncDispose]();
  }
}
