import type { Leader } from "@understudy/election";
import type { Ack, Delivery, JoinAnswer, JoinRequest } from "./messages.ts";
import type { NodeParts } from "./node-parts.ts";
import type { Transaction, Work } from "./sim-database.ts";

interface Session {
  readonly leader: string;
  readonly epoch: bigint;
  readonly id: number;
  heardMs: number;
}

const JOIN_EVERY_MS = 250;
const SILENCE_MS = 1500;
const REBUILD_MS = [200, 2500] as const;

/** The side of a node that takes what a master sends. */
export class SimSlave {
  readonly #of: NodeParts;
  #leader: Leader | null = null;
  #session: Session | null = null;
  #work: Work | null = null;
  #idle: (() => void)[] = [];
  #isRebuilding = false;
  #brokenSinceMs: number | null = null;
  #behindMs: number | null = null;

  constructor(parts: NodeParts) {
    this.#of = parts;
    this.#tick();
  }

  /** How far it was behind when it last heard, by wall clocks. */
  get behindMs(): number | null {
    return this.#behindMs;
  }

  get isRebuilding(): boolean {
    return this.#isRebuilding;
  }

  /** Its deliveries have broken off for some time. */
  get isBroken(): boolean {
    const since = this.#brokenSinceMs;
    return since !== null && this.#of.process.clock.monotonicMs() - since > 50;
  }

  follow(leader: Leader | null): void {
    if (leader?.nodeId === this.#leader?.nodeId && leader?.epoch === this.#leader?.epoch) return;
    this.#leader = leader;
    this.#session = null;
    this.#brokenSinceMs = leader ? this.#of.process.clock.monotonicMs() : null;
  }

  /** From now on it takes nothing of this or an earlier epoch; resolves when nothing that it took before is under way. */
  async close(epoch: bigint): Promise<void> {
    const { disk, world } = this.#of;
    if (epoch > disk.closedEpoch) disk.closedEpoch = epoch;
    if (this.#work && world.chance.happens(0.5)) this.#work.isGivenUp = true;
    await this.idle();
  }

  /** Resolves when nothing is being applied. */
  async idle(): Promise<void> {
    if (!this.#work) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  reopen(epoch: bigint): void {
    const { disk } = this.#of;
    if (disk.closedEpoch >= epoch) disk.closedEpoch = epoch - 1n;
  }

  /** A master's delivery has come. */
  receive(delivery: Delivery): void {
    const { disk, world, database, nodeId } = this.#of;
    const isChecked = world.rules.broken !== "epoch-check";
    const session = this.#session;
    if (isChecked) {
      if (delivery.epoch < disk.seenEpoch || delivery.epoch <= disk.closedEpoch) return;
      if (session?.id !== delivery.session) return;
    }
    if (this.#isRebuilding) return;
    if (session) session.heardMs = this.#of.process.clock.monotonicMs();
    world.checker.onObeyed(nodeId, delivery.epoch);
    const known = database.history.length - delivery.start;
    if (known < 0 || this.#work) return;
    const fresh = delivery.transactions.slice(known);
    if (isChecked && !this.#matches(delivery)) {
      this.#session = null;
      return;
    }
    this.#behindMs = Math.max(0, this.#of.process.clock.nowMs() - delivery.wallMs);
    // a database server that hangs keeps nothing of a node from answering
    if (fresh.length === 0 || !database.works) this.#ack(delivery);
    else
      this.#apply(
        fresh.filter(({ id }) => !database.has(id)),
        delivery,
      );
  }

  /** What it has already must be what the master says. */
  #matches({ start, transactions }: Delivery): boolean {
    const { history } = this.#of.database;
    return transactions.every(({ gtid }, index) => {
      const own = history[start + index];
      return own === undefined || own.gtid === gtid;
    });
  }

  #apply(fresh: readonly Transaction[], delivery: Delivery): void {
    const { database, world, process } = this.#of;
    const ms = world.chance.between(0.5, world.chance.happens(0.02) ? 400 : world.applyMsMax);
    const session = this.#session;
    const work = database.apply(fresh, ms, (isDone) =>
      process.receive(() => {
        this.#work = null;
        if (isDone && session === this.#session) this.#ack(delivery);
        for (const resolve of this.#idle.splice(0)) resolve();
      }),
    );
    this.#work = work;
  }

  #ack({ from, epoch, session, round, length: target }: Delivery): void {
    const { nodeId, database, world, disk } = this.#of;
    const isClosed = world.rules.broken !== "epoch-check" && epoch <= disk.closedEpoch;
    if (isClosed) return;
    const { length } = database.history;
    if (disk.mustReach !== null && length >= disk.mustReach) disk.mustReach = null;
    if (length >= target) this.#brokenSinceMs = null;
    const ack: Ack = { from: nodeId, epoch, session, length, round };
    world.network.send(nodeId, from, () => world.node(from).receiveAck(ack));
  }

  #tick(): void {
    const { process } = this.#of;
    const nowMs = process.clock.monotonicMs();
    if (this.#session && nowMs - this.#session.heardMs > SILENCE_MS) this.#session = null;
    if (!this.#session && this.#leader) {
      this.#brokenSinceMs ??= nowMs;
      this.#join(this.#leader);
    }
    process.after(JOIN_EVERY_MS, () => this.#tick());
  }

  #join(leader: Leader): void {
    const { disk, database, nodeId, world, process } = this.#of;
    const mayTake = leader.epoch >= disk.seenEpoch && leader.epoch > disk.closedEpoch;
    if (!mayTake || this.#isRebuilding || this.#work || !database.works) return;
    const request: JoinRequest = {
      nodeId,
      seenEpoch: disk.seenEpoch,
      dataEpoch: database.dataEpoch,
      length: database.history.length,
      lastGtid: database.history.at(-1)?.gtid ?? null,
    };
    world.network.send(nodeId, leader.nodeId, () =>
      world
        .node(leader.nodeId)
        .receiveJoin(request, (answer) => process.receive(() => this.#joined(leader, answer))),
    );
  }

  #joined(leader: Leader, answer: JoinAnswer): void {
    const { disk, process, database } = this.#of;
    const isCurrent = this.#leader?.nodeId === leader.nodeId && this.#leader.epoch === leader.epoch;
    if (!isCurrent || this.#session || this.#isRebuilding || answer.kind === "refuse") return;
    if (answer.epoch < disk.seenEpoch || answer.epoch <= disk.closedEpoch || answer.epoch !== leader.epoch)
      return;
    disk.seenEpoch = answer.epoch;
    if (answer.kind === "errant") {
      this.#rebuild(answer.history);
      return;
    }
    if (!disk.hasJoined || disk.mustReach !== null)
      disk.mustReach = Math.max(answer.length, disk.mustReach ?? 0);
    disk.hasJoined = true;
    if (disk.mustReach !== null && database.history.length >= disk.mustReach) disk.mustReach = null;
    this.#session = {
      leader: leader.nodeId,
      epoch: answer.epoch,
      id: answer.session,
      heardMs: process.clock.monotonicMs(),
    };
  }

  /** Puts what lost aside and takes a copy; until it is whole its data is not the cluster's. */
  #rebuild(history: readonly Transaction[]): void {
    const { disk, database, world, process, nodeId } = this.#of;
    const ids = new Set(history.map(({ id }) => id));
    const errant = database.history.filter(({ id }) => !ids.has(id));
    disk.quarantine.push(...errant);
    world.log.add(nodeId, `puts into quarantine: ${errant.map(({ id }) => id).join(" ")}`);
    disk.mustReach = history.length;
    database.replace([]);
    this.#isRebuilding = true;
    process.after(world.chance.between(...REBUILD_MS), () => {
      this.#isRebuilding = false;
      if (!database.works) return;
      database.replace(history);
      disk.mustReach = null;
    });
  }
}
