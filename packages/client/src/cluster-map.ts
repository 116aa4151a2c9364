import { messageOf, toError, type Clock, type Random } from "@understudy/kernel";
import { parsePosition, UnderstudyError, type ClusterView } from "@understudy/protocol";
import type { NodeClient } from "./node-client.ts";
import { isWorthAnotherNode } from "./retry-rules.ts";

/** Nodes known at once; a view that names more is not taken over whole. */
const NODES_MAX = 64;
const ASK_TIMEOUT_MS = 2_000;
/** Who asks later than this after the last round starts a new one, and does not wait for it. */
const FRESH_MS = 10_000;
/** How long a node that could not be connected to is asked last. */
const SHUNNED_MS = 10_000;

/** Options of {@link ClusterMap}. */
export interface ClusterMapOptions {
  readonly seeds: readonly string[];
  readonly createNode: (url: string) => NodeClient;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a node said of the cluster. */
interface Said {
  readonly node: NodeClient;
  readonly view: ClusterView;
}

/** What a client knows of its cluster: the nodes, who leads, under which epoch. Owns a {@link NodeClient} for each node. */
export class ClusterMap implements AsyncDisposable {
  readonly #seeds: readonly string[];
  readonly #createNode: (url: string) => NodeClient;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #nodes = new Map<string, NodeClient>();
  readonly #retired = new Set<Promise<void>>();
  /** Until when each is shunned, by URL. */
  readonly #shunned = new Map<string, number>();
  /** Where this client's reads go while that node answers: another one for each client. */
  #home: string | undefined;
  /** Where they go meanwhile. */
  #preferred: string | undefined;
  #leaderUrl: string | null = null;
  /** Nodes that name this very master. */
  #agreeing: ReadonlySet<string> = new Set();
  #epoch = -1n;
  #isStale = true;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isDisposed = false;
  #refreshing: Promise<void> | undefined;

  constructor(options: ClusterMapOptions) {
    this.#seeds = options.seeds;
    this.#createNode = options.createNode;
    this.#clock = options.clock;
    this.#random = options.random;
    for (const url of options.seeds) this.#nodes.set(url, options.createNode(url));
  }

  get leaderUrl(): string | null {
    return this.#leaderUrl;
  }

  /** All known nodes: first the one that reads stay at (or the master), then the master, last those that could not be reached. */
  candidates(first: "preferred" | "master" = "preferred"): readonly NodeClient[] {
    const nowMs = this.#clock.monotonicMs();
    const rank = ({ url }: NodeClient): number => {
      const shunned = (this.#shunned.get(url) ?? 0) > nowMs ? 3 : 0;
      if (url === this.#preferred && first === "preferred") return shunned;
      return shunned + (url === this.#leaderUrl ? 1 : 2);
    };
    return [...this.#nodes.values()].toSorted((one, other) => rank(one) - rank(other));
  }

  /** Reads stay at a node that answers, for as long as their own does not. */
  prefer(node: NodeClient): void {
    this.#preferred = node.url;
  }

  /** A node that could not be connected to is asked last for a while. */
  shun(node: NodeClient): void {
    this.#shunned.set(node.url, this.#clock.monotonicMs() + SHUNNED_MS);
  }

  /** Asks the cluster again in the background where the last time is long ago. */
  keepFresh(): void {
    if (this.#refreshing || this.#clock.monotonicMs() - this.#askedMs < FRESH_MS) return;
    // Whoever needs the answer asks again and hears the failure.
    this.refresh().catch(() => undefined);
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

  /**
   * The master's client; where it could not be connected to of late, that of another node, which passes writes on. Throws
   * `no-leader` where no node that answers knows a master, `node-unreachable` where none answers.
   */
  async leader(): Promise<NodeClient> {
    if (this.#isStale) await this.refresh();
    const node = this.#leaderUrl === null ? undefined : this.#nodes.get(this.#leaderUrl);
    if (!node) throw new UnderstudyError("no-leader", "no node of the cluster knows a master now");
    // Only those that follow the same master: one that was cut off would take the write for itself.
    const way = this.candidates("master").find(({ url }) => url === node.url || this.#agreeing.has(url));
    return way ?? node;
  }

  /** Asks all known nodes who leads, and believes the highest epoch. Callers at the same time share one round. */
  refresh(): Promise<void> {
    this.#askedMs = this.#clock.monotonicMs();
    this.#refreshing ??= this.#askAll().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** All of them, since a master that was cut off may answer first and still think that it leads. */
  async #askAll(): Promise<void> {
    const said: Said[] = [];
    const failures: string[] = [];
    let refusal: Error | undefined;
    const ask = async (node: NodeClient): Promise<void> => {
      try {
        said.push({ node, view: await node.cluster({ timeoutMs: ASK_TIMEOUT_MS }) });
        this.#shunned.delete(node.url);
      } catch (error) {
        failures.push(messageOf(error));
        if (!isWorthAnotherNode(error)) refusal ??= toError(error);
        else this.shun(node);
      }
    };
    await Promise.all(this.candidates().map(ask));
    if (this.#isDisposed) return;
    const [first, ...others] = said.map(({ view }) => view);
    if (first) {
      this.#take(others.reduce(moreCurrent, first));
      const agreeing = said.filter(
        ({ view }) => epochOf(view) === this.#epoch && view.leader?.url === this.#leaderUrl,
      );
      this.#agreeing = new Set(agreeing.map(({ node }) => node.url));
      this.#settleHome(said);
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

  /** Reads go home to a node that is well again, and find another home where theirs is not. */
  #settleHome(said: readonly Said[]): void {
    const silent = (url: string): boolean => this.#shunned.has(url);
    const unwell = new Set(said.filter(({ view }) => !isWell(view)).map(({ node }) => node.url));
    const well = [...this.#nodes.keys()].filter((url) => !silent(url) && !unwell.has(url));
    if (this.#home === undefined || !well.includes(this.#home)) {
      // Clients of one list would otherwise all read from its first node.
      this.#home = well[Math.floor(this.#random() * well.length)] ?? this.#preferred;
    }
    this.#preferred = this.#home;
  }

  #retire(url: string, node: NodeClient): void {
    this.#nodes.delete(url);
    this.#shunned.delete(url);
    // The disposal of a node client does not reject, and is bounded.
    const done = Promise.resolve(node[Symbol.asyncDispose]()).finally(() => this.#retired.delete(done));
    this.#retired.add(done);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const nodes = [...this.#nodes.values()];
    await Promise.all([...nodes.map((node) => node[Symbol.asyncDispose]()), ...this.#retired]);
  }
}

function epochOf(view: ClusterView): bigint {
  return /^\d{1,19}$/.test(view.epoch) ? BigInt(view.epoch) : 0n;
}

/** False where a node says of itself that its data may be far behind. */
function isWell(view: ClusterView): boolean {
  const self = view.members.find((member) => member.nodeId === view.self);
  return self === undefined || self.state === "up";
}

/** The view of the higher epoch; of equal ones, that which knows a master. */
function moreCurrent(one: ClusterView, other: ClusterView): ClusterView {
  if (epochOf(one) !== epochOf(other)) return epochOf(one) > epochOf(other) ? one : other;
  return one.leader === null ? other : one;
}
