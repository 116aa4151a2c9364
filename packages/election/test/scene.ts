import { silentLogger, VirtualClock } from "@understudy/kernel";
import { DEFAULT_TIMINGS } from "../src/election-timings.ts";
import { LeaseElection } from "../src/lease-election.ts";
import { MemoryStore } from "./memory-store.ts";
import { TestHost } from "./test-host.ts";

/** The nodes of a {@link Scene}. */
export const NODES = ["a", "b", "c"];

/** Three nodes that agree by one store, on a test's clock; `a` may begin the cluster. */
export class Scene implements AsyncDisposable {
  readonly clock = new VirtualClock(1000);
  readonly store = new MemoryStore(this.clock);
  readonly #hosts = new Map(NODES.map((nodeId) => [nodeId, new TestHost(nodeId, nodeId === "a")]));
  readonly #elections = new Map<string, LeaseElection>();

  host(nodeId: string): TestHost {
    const host = this.#hosts.get(nodeId);
    if (!host) throw new Error(`no ${nodeId}`);
    return host;
  }

  election(nodeId: string): LeaseElection {
    const election = this.#elections.get(nodeId);
    if (!election) throw new Error(`${nodeId} does not run`);
    return election;
  }

  start(nodeId: string): void {
    const election = new LeaseElection({
      nodeId,
      url: `http://${nodeId}`,
      store: this.store.client(nodeId),
      host: this.host(nodeId),
      clock: this.clock,
      logger: silentLogger,
      timings: DEFAULT_TIMINGS,
      maxLagMs: 10_000,
      promisedEpoch: 0n,
    });
    this.#elections.set(nodeId, election);
  }

  /** All three run, `a` leads in epoch 1, `b` and `c` are in sync and one of them has to ack. */
  async begin(): Promise<void> {
    this.start("a");
    await this.clock.advance(2000);
    this.host("a").slaves = ["b", "c"];
    for (const nodeId of ["b", "c"]) this.start(nodeId);
    await this.clock.advance(3000);
  }

  leads(nodeId: string, epoch: bigint): boolean {
    try {
      this.election(nodeId).checkLeads(epoch);
      return true;
    } catch {
      return false;
    }
  }

  /** Lets time pass until `condition` holds, looked at each 50 ms; how long that took. Throws where it does not within 60 s. */
  async until(condition: () => boolean): Promise<number> {
    for (let ms = 0; ms <= 60_000; ms += 50) {
      if (condition()) return ms;
      await this.clock.advance(50);
    }
    throw new Error(`not so within a minute; the lead: ${this.leader}`);
  }

  /** `node:epoch` as it stands in the store. */
  get leader(): string | null {
    const value = this.store.value("leader");
    if (!(value instanceof Object && "nodeId" in value && "epoch" in value)) return null;
    return `${String(value.nodeId)}:${String(value.epoch)}`;
  }

  /** Nothing of it reaches the store any more, and nothing the store says reaches it: to the others it is dead. */
  kill(nodeId: string): void {
    this.store.cutOff.add(nodeId);
  }

  /** Ends it in order; its lease is given back. */
  async stop(nodeId: string): Promise<void> {
    const ending = this.election(nodeId)[Symbol.asyncDispose]();
    this.#elections.delete(nodeId);
    await this.clock.advance(0);
    await ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const nodeId of this.#elections.keys()) await this.stop(nodeId);
    if (this.store.wasStormed) throw new Error("an election asked the store without end");
  }
}
