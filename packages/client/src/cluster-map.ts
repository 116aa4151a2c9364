import { messageOf, toError, type Random } from "@understudy/kernel";
import { parsePosition, UnderstudyError, type ClusterView } from "@understudy/protocol";
import type { NodeClient } from "./node-client.ts";
import { isWorthAnotherNode } from "./retry-rules.ts";

/** Nodes known at once; a view that names more is not taken over whole. */
const NODES_MAX = 64;
const ASK_TIMEOUT_MS = 2_000;

/** Options of {@link ClusterMap}. */
export interface ClusterMapOptions {
  readonly seeds: readonly string[];
  readonly createNode: (url: string) => NodeClient;
  readonly random: Random;
}

/** What a client knows of its cluster: the nodes, who leads, under which epoch. Owns a {@link NodeClient} for each node. */
export class ClusterMap implements AsyncDisposable {
  readonly #seeds: readonly string[];
  readonly #createNode: (url: string) => NodeClient;
  readonly #nodes = new Map<string, NodeClient>();
  readonly #retired = new Set<Promise<void>>();
  #preferred: string | undefined;
  #leaderUrl: string | null = null;
  #epoch = -1n;
  #isStale = true;
  #refreshing: Promise<void> | undefined;

  constructor(options: ClusterMapOptions) {
    this.#seeds = options.seeds;
    this.#createNode = options.createNode;
    for (const url of options.seeds) this.#nodes.set(url, options.createNode(url));
    // Clients of one list would otherwise all read from its first node.
    this.#preferred = options.seeds[Math.floor(options.random() * options.seeds.length)];
  }

  get leaderUrl(): string | null {
    return this.#leaderUrl;
  }

  /** All known nodes, the one that answered last first. */
  candidates(): readonly NodeClient[] {
    const all = [...this.#nodes.values()];
    const first = Math.max(
      0,
      all.findIndex((node) => node.url === this.#preferred),
    );
    return [...all.slice(first), ...all.slice(0, first)];
  }

  /** Reads stay at a node that answers. */
  prefer(node: NodeClient): void {
    this.#preferred = node.url;
  }

  /** The next {@link leader} asks the cluster again. */
  markStale(): void {
    this.#isStale = true;
  }

  /** Takes note of a confirmed write: a newer epoch in its position means that the master has changed. */
  noteWrite(position: string): void {
    try {
      if (parsePosition(position).epoch > this.#epoch) this.#isStale = true;
    } catch {
      // Opaque to us then; the write is confirmed all the same.
    }
  }

  /** The master's client. Throws `no-leader` where no node that answers knows one, `node-unreachable` where none answers. */
  async leader(): Promise<NodeClient> {
    if (this.#isStale) await this.refresh();
    const node = this.#leaderUrl === null ? undefined : this.#nodes.get(this.#leaderUrl);
    if (!node) throw new UnderstudyError("no-leader", "no node of the cluster knows a master now");
    return node;
  }

  /** Asks all known nodes who leads, and believes the highest epoch. Callers at the same time share one round. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#askAll().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** All of them, since a master that was cut off may answer first and still think that it leads. */
  async #askAll(): Promise<void> {
    const views: ClusterView[] = [];
    const failures: string[] = [];
    let refusal: Error | undefined;
    const ask = async (node: NodeClient): Promise<void> => {
      try {
        views.push(await node.cluster({ timeoutMs: ASK_TIMEOUT_MS }));
      } catch (error) {
        failures.push(messageOf(error));
        if (!isWorthAnotherNode(error)) refusal ??= toError(error);
      }
    };
    await Promise.all(this.candidates().map(ask));
    const [first, ...others] = views;
    if (first) {
      this.#take(others.reduce(moreCurrent, first));
      return;
    }
    // A wrong token or a wrong address says more than a node that is away.
    if (refusal !== undefined) throw refusal;
    const text = `no node of the cluster answers: ${failures.join("; ")}`;
    throw new UnderstudyError("node-unreachable", text, { details: { sent: false } });
  }

  /** A view of an older epoch than one known before comes from nodes that were cut off: it changes nothing. */
  #take(view: ClusterView): void {
    const epoch = epochOf(view);
    if (epoch < this.#epoch) return;
    this.#epoch = epoch;
    this.#leaderUrl = view.leader?.url ?? null;
    this.#isStale = this.#leaderUrl === null;
    const urls = [
      ...(this.#leaderUrl === null ? [] : [this.#leaderUrl]),
      ...this.#seeds,
      ...view.members.map((member) => member.url),
    ];
    const known = new Set(urls.slice(0, NODES_MAX));
    for (const [url, node] of this.#nodes) if (!known.has(url)) this.#retire(url, node);
    for (const url of known) if (!this.#nodes.has(url)) this.#nodes.set(url, this.#createNode(url));
  }

  #retire(url: string, node: NodeClient): void {
    this.#nodes.delete(url);
    // The disposal of a node client does not reject, and is bounded.
    const done = Promise.resolve(node[Symbol.asyncDispose]()).finally(() => this.#retired.delete(done));
    this.#retired.add(done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = [...this.#nodes.values()];
    await Promise.all([...nodes.map((node) => node[Symbol.asyncDispose]()), ...this.#retired]);
  }
}

function epochOf(view: ClusterView): bigint {
  return /^\d{1,19}$/.test(view.epoch) ? BigInt(view.epoch) : 0n;
}

/** The view of the higher epoch; of equal ones, that which knows a master. */
function moreCurrent(one: ClusterView, other: ClusterView): ClusterView {
  if (epochOf(one) !== epochOf(other)) return epochOf(one) > epochOf(other) ? one : other;
  return one.leader === null ? other : one;
}
