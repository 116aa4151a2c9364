import { createNodeClient, type NodeClient } from "@understudy/client";
import { isCodedError, messageOf } from "@understudy/kernel";
import { UnderstudyError, type ClusterEvent, type ClusterView, type Job } from "@understudy/protocol";
import type { Snapshot } from "../state/cluster-state.ts";
import { requestJson } from "./node-request.ts";
import { eventsOfStream } from "./server-sent-events.ts";

const ASK_TIMEOUT_MS = 2_000;
/** A quiet stream says that it is there every 15 s. */
const STREAM_WAIT_MS = 40_000;
const EVENTS_PAGE = 100;
/** Pages asked in one round, so that a long history can't hold a round up. */
const EVENT_PAGES_MAX = 10;

/** What a round brought, and what went wrong with the node that was asked before, where another had to be asked. */
export interface Round {
  readonly snapshot: Snapshot;
  readonly trouble: string | null;
}

/** Options of {@link ClusterSource}. */
export interface ClusterSourceOptions {
  readonly nodes: readonly string[];
  readonly monotonicMs: () => number;
  /** Sent as a bearer token with every request. */
  readonly token?: string | undefined;
}

/**
 * Asks one node after another until one answers, and stays with it: first the one that answered last, then the members that
 * it named, then the nodes of the command line.
 */
export class ClusterSource implements AsyncDisposable {
  readonly #options: ClusterSourceOptions;
  #current: NodeClient | null = null;
  #members: readonly string[] = [];
  /** Id of the last event that the current node told; null before the first. */
  #lastEventId: number | null = null;
  /** Ends the stream of the node that was asked before. */
  #gone = new AbortController();
  #isStreaming = false;
  /** The node that a person chose, until it was asked. */
  #wanted: string | null = null;

  constructor(options: ClusterSourceOptions) {
    this.#options = options;
  }

  /** The node that answered last; null before the first. Closed when another one answers. */
  get node(): NodeClient | null {
    return this.#current;
  }

  /** A client of any node, under the same token, which the caller closes. */
  openNode(url: string): NodeClient {
    return createNodeClient({ url, userAgent: "understudy-dashboard", token: this.#options.token });
  }

  /** The next round asks that node first, and stays with it where it answers. */
  attach(url: string): void {
    this.#wanted = url;
  }

  /** One round of questions. Throws `node-unreachable` with every node's reason where none answers, or the signal's reason. */
  async ask(signal: AbortSignal): Promise<Round> {
    const troubles: string[] = [];
    const before = this.#current?.url;
    const wanted = this.#wanted;
    this.#wanted = null;
    for (const url of new Set([
      ...(wanted === null ? [] : [wanted]),
      ...(before === undefined ? [] : [before]),
      ...this.#members,
      ...this.#options.nodes,
    ])) {
      try {
        const snapshot = await this.#askNode(url, signal);
        return { snapshot, trouble: troubles[0] ?? null };
      } catch (error) {
        signal.throwIfAborted();
        troubles.push(this.#inWords(url, error));
      }
    }
    throw new UnderstudyError("node-unreachable", troubles.join("; "));
  }

  /** Why a node could not be asked, with its URL. What is said about tokens does not name one. */
  #inWords(url: string, error: unknown): string {
    if (!isCodedError(error, "unauthenticated") && !isCodedError(error, "forbidden")) return messageOf(error);
    const refusal = this.#options.token === undefined ? "asks for a token" : "refuses the token";
    return `${url} ${refusal}: ${messageOf(error)}`;
  }

  async #askNode(url: string, signal: AbortSignal): Promise<Snapshot> {
    const options = { signal, timeoutMs: ASK_TIMEOUT_MS };
    const node = this.#current?.url === url ? this.#current : this.openNode(url);
    try {
      const view = checked(url, await node.cluster(options));
      if (node !== this.#current) {
        const before = this.#current;
        this.#current = node;
        this.#lastEventId = null;
        this.#gone.abort(new DOMException("another node is asked", "AbortError"));
        this.#gone = new AbortController();
        await before?.[Symbol.asyncDispose]();
      }
      this.#members = view.members.map((member) => member.url);
      const { events, isWhole } = await this.#newEvents(node, signal);
      return { url, view, events, isWhole, atMs: this.#options.monotonicMs() };
    } finally {
      if (node !== this.#current) await node[Symbol.asyncDispose]();
    }
  }

  /** The cluster can be shown without its events: where they can't be had, there are no new ones. */
  async #newEvents(
    node: NodeClient,
    signal: AbortSignal,
  ): Promise<{ events: ClusterEvent[]; isWhole: boolean }> {
    if (this.#isStreaming) return { events: [], isWhole: false };
    const events: ClusterEvent[] = [];
    const known = this.#lastEventId;
    try {
      for (let page = 0; page < EVENT_PAGES_MAX; page++) {
        const range = { after: this.#lastEventId ?? 0, limit: EVENTS_PAGE };
        const answer = await node.events(range, { signal, timeoutMs: ASK_TIMEOUT_MS });
        events.push(...answer.events);
        this.#lastEventId = answer.next;
        if (answer.events.length < EVENTS_PAGE) break;
      }
    } catch {
      signal.throwIfAborted();
    }
    // Ids that start over mean that the node has started over.
    const first = events[0]?.id;
    return { events, isWhole: known === null || (first !== undefined && first <= known) };
  }

  /** The present node's long work, the newest first; none where it can't be had. */
  async jobs(signal: AbortSignal): Promise<readonly Job[]> {
    const node = this.#current;
    if (!node) return [];
    try {
      const request = { method: "GET", path: "/jobs" } as const;
      const { jobs } = {
        jobs: [],
        ...(await requestJson(node, request, { signal, timeoutMs: ASK_TIMEOUT_MS })),
      };
      return Array.isArray(jobs) ? jobs : [];
    } catch {
      signal.throwIfAborted();
      return [];
    }
  }

  /**
   * The present node's events as they come, after those that rounds have brought; rounds bring none meanwhile. Ends or rejects
   * when the node goes or another one is asked, whereupon rounds bring events again.
   */
  async *events(
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly url: string; readonly event: ClusterEvent }, void, void> {
    const node = this.#current;
    if (!node || this.#lastEventId === null) return;
    const ended = AbortSignal.any([signal, this.#gone.signal]);
    const path = `/cluster/events?after=${this.#lastEventId}`;
    const headers = { accept: "text/event-stream" };
    const request = { method: "GET", path, headers, body: undefined, isOwn: true };
    using stream = await node.forwardStream(request, { signal: ended, timeoutMs: STREAM_WAIT_MS });
    if (stream.status !== 200 || !stream.headers["content-type"]?.startsWith("text/event-stream")) return;
    try {
      for await (const event of eventsOfStream(stream.body())) {
        if (node !== this.#current) return;
        this.#isStreaming = true;
        this.#lastEventId = event.id;
        yield { url: node.url, event };
      }
    } finally {
      this.#isStreaming = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone.abort(new DOMException("closed", "AbortError"));
    await this.#current?.[Symbol.asyncDispose]();
    this.#current = null;
  }
}

/** The view, where it has what is shown; the node may be of another version. */
function checked(url: string, view: ClusterView): ClusterView {
  const hasAll =
    Array.isArray(view.members) &&
    Array.isArray(view.warnings) &&
    view.members.every((member) => typeof member.nodeId === "string" && typeof member.lag === "object");
  if (!hasAll) throw new UnderstudyError("internal", `${url} answered a cluster that can't be read`);
  return view;
}
