import type { AckSet, ElectionHost, Leader, NodeDescription, SlavesInSync } from "@understudy/election";
import { orAbort } from "@understudy/kernel";
import type { NodeParts } from "./node-parts.ts";
import { SimMaster } from "./sim-master.ts";
import type { SimSlave } from "./sim-slave.ts";

const STALLED_MS = 3000;

/** One life of a node as its election sees it. */
export class SimHost implements ElectionHost {
  readonly #of: NodeParts;
  readonly #slave: SimSlave;
  #master: SimMaster | null = null;
  #stalledSinceMs: number | null = null;
  #note = "";

  constructor(parts: NodeParts, slave: SimSlave) {
    this.#of = parts;
    this.#slave = slave;
  }

  /** Null while it accepts no writes. */
  get master(): SimMaster | null {
    return this.#master;
  }

  async describe(): Promise<NodeDescription> {
    const { world, database, disk, nodeId } = this.#of;
    const isRebuilding = this.#slave.isRebuilding || disk.mustReach !== null;
    return {
      url: `http://${nodeId}`,
      flavour: world.flavour,
      version: "0",
      role: this.#master ? "master" : "slave",
      priority: Number(nodeId.at(-1)) % 2,
      unfit: database.works ? "" : "its database server does not answer",
      hasHistory: disk.hasJoined && !isRebuilding,
      dataEpoch: database.dataEpoch.toString(),
      gtid: database.position.toString(),
      behindMs: this.#slave.behindMs,
      startsNewCluster: disk.startsNewCluster,
      knows: database.dataEpoch > 0n ? [...world.nodeIds] : [],
    };
  }

  follow(leader: Leader | null): void {
    this.#slave.follow(leader);
  }

  async close(epoch: bigint): Promise<void> {
    await this.#slave.close(epoch);
  }

  async reopen(epoch: bigint): Promise<void> {
    this.#slave.reopen(epoch);
  }

  async lead(epoch: bigint, signal: AbortSignal): Promise<void> {
    const { world, database, disk, process, nodeId } = this.#of;
    this.#slave.follow(null);
    await this.#slave.close(epoch - 1n);
    if (disk.seenEpoch < epoch) disk.seenEpoch = epoch;
    if (disk.mustReach !== null) throw new Error("its data is not whole");
    await process.clock.sleep(world.chance.between(5, 120), signal);
    const begun = Promise.withResolvers<boolean>();
    database.commit({ id: `${nodeId}-leads-${epoch}`, epoch, beginsEpoch: true }, 3, (transaction) =>
      process.receive(() => begun.resolve(transaction !== null)),
    );
    if (!(await orAbort(begun.promise, signal))) throw new Error("its database server does not answer");
    signal.throwIfAborted();
    this.#master = new SimMaster(this.#of, epoch);
    world.checker.onLead(nodeId, epoch, database);
  }

  async stepDown(because: string): Promise<void> {
    const { world, database, process, nodeId } = this.#of;
    world.log.add(nodeId, `is fenced: ${because}`);
    this.#master?.end();
    this.#master = null;
    database.endSessions();
    await process.clock.sleep(world.chance.between(1, 60));
  }

  async leaderRefuses(leader: Leader, signal: AbortSignal): Promise<boolean> {
    const { world, nodeId, process } = this.#of;
    if (!this.#slave.isBroken) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const answer = (isRefused: boolean): void =>
      world.network.send(leader.nodeId, nodeId, () => process.receive(() => resolve(isRefused)));
    if (world.network.link(nodeId, leader.nodeId).isRejecting) return true;
    world.network.send(nodeId, leader.nodeId, () => {
      const refuses = world.node(leader.nodeId).refusesConnections;
      if (refuses !== null) answer(refuses);
    });
    process.after(200, () => resolve(false));
    return orAbort(promise, signal);
  }

  async allAgree(epoch: bigint, signal: AbortSignal): Promise<boolean> {
    const { world, nodeId, process } = this.#of;
    if (world.rules.broken === "promises") return true;
    const request = { nodeId, epoch, stalled: this.stalled() !== null };
    const asked = world.nodeIds
      .filter((id) => id !== nodeId)
      .map(async (id) => {
        const { promise, resolve } = Promise.withResolvers<boolean>();
        world.network.send(nodeId, id, () =>
          world
            .node(id)
            .receivePromiseRequest(request, (isPromised) => process.receive(() => resolve(isPromised))),
        );
        return orAbort(promise, signal);
      });
    return (await Promise.all(asked)).every(Boolean);
  }

  slavesInSync(): SlavesInSync {
    return this.#master?.slavesInSync() ?? { slaves: [], following: [], acks: this.#of.world.acks };
  }

  async acked(set: AckSet, signal: AbortSignal): Promise<void> {
    const master = this.#master;
    if (!master) throw new Error("it does not lead");
    const { length } = this.#of.database.history;
    master.deliver();
    await master.progress.until(() => master.isAcked(set, { length, round: 0 }), signal);
  }

  stalled(): string | null {
    const nowMs = this.#of.process.clock.monotonicMs();
    if (this.#of.database.works) this.#stalledSinceMs = null;
    else this.#stalledSinceMs ??= nowMs;
    const since = this.#stalledSinceMs;
    return since !== null && nowMs - since > STALLED_MS ? "no commit for 3 s" : null;
  }

  /** Here a master that is cut off from its slaves keeps the lead. */
  unheard(): string | null {
    return null;
  }

  note(sentence: string): void {
    if (sentence === this.#note) return;
    this.#note = sentence;
    this.#of.world.log.add(this.#of.nodeId, sentence);
  }
}
