import type { AckSet, SlavesInSync } from "@understudy/election";
import { ChangeSignal } from "@understudy/kernel";
import { decideJoin } from "./decide-join.ts";
import type { Ack, JoinAnswer, JoinRequest } from "./messages.ts";
import type { NodeParts } from "./node-parts.ts";

interface SlaveState {
  readonly session: number;
  acked: number;
  round: number;
  heardMs: number;
  sentMs: number;
}

const BEAT_MS = 150;
const HEARD_MS = 1000;
const LAG_MAX = 100;

/** The side of a node that leads: it delivers, and counts who has what. */
export class SimMaster {
  readonly epoch: bigint;
  /** Notified when somebody has acked. */
  readonly progress = new ChangeSignal();
  readonly #of: NodeParts;
  readonly #slaves = new Map<string, SlaveState>();
  #sessions = 0;
  #round = 0;
  #isOver = false;

  constructor(parts: NodeParts, epoch: bigint) {
    this.#of = parts;
    this.epoch = epoch;
    this.#beat();
  }

  /** Ends all deliveries; acks count no more. */
  end(): void {
    this.#isOver = true;
    this.progress.notify();
  }

  join(request: JoinRequest): JoinAnswer {
    const { database, process } = this.#of;
    if (this.#isOver || request.seenEpoch > this.epoch || !database.works) return { kind: "refuse" };
    const { history } = database;
    if (decideJoin(history, request) === "errant") {
      return { kind: "errant", epoch: this.epoch, history: [...history] };
    }
    const session = ++this.#sessions;
    const nowMs = process.clock.monotonicMs();
    const state = {
      session,
      acked: request.length,
      round: 0,
      heardMs: nowMs,
      sentMs: Number.NEGATIVE_INFINITY,
    };
    this.#slaves.set(request.nodeId, state);
    process.after(5, () => this.#send(request.nodeId, state));
    return { kind: "deliver", epoch: this.epoch, session, length: history.length };
  }

  onAck(ack: Ack): void {
    const state = this.#slaves.get(ack.from);
    // acks count only for the session and the epoch that they answer
    const isOwn = this.#of.world.rules.broken === "epoch-check" || state?.session === ack.session;
    if (this.#isOver || !state || ack.epoch !== this.epoch || !isOwn) return;
    state.heardMs = this.#of.process.clock.monotonicMs();
    const before = state.acked;
    state.acked = Math.max(before, ack.length);
    state.round = Math.max(state.round, ack.round);
    this.progress.notify();
    if (state.acked > before && state.acked < this.#of.database.history.length) this.#send(ack.from, state);
  }

  /** Begins another round of asking who still follows, and delivers what there is. */
  nextRound(): number {
    this.#round++;
    this.deliver();
    return this.#round;
  }

  deliver(): void {
    for (const [nodeId, state] of this.#slaves) this.#send(nodeId, state);
  }

  slavesInSync(): SlavesInSync {
    const { world, nodeId, process, database } = this.#of;
    const nowMs = process.clock.monotonicMs();
    const following = [...this.#slaves]
      .filter(
        ([, { heardMs, acked }]) => nowMs - heardMs < HEARD_MS && database.history.length - acked < LAG_MAX,
      )
      .map(([id]) => id);
    return { slaves: world.nodeIds.filter((id) => id !== nodeId), following, acks: world.acks };
  }

  hasAll(nodeId: string): boolean {
    return (this.#slaves.get(nodeId)?.acked ?? 0) >= this.#of.database.history.length;
  }

  /** Whether so many of these have so much, and have followed since that round began. */
  isAcked(
    { members, acks }: AckSet,
    { length, round }: { readonly length: number; readonly round: number },
  ): boolean {
    const having = members.filter((id) => {
      const state = this.#slaves.get(id);
      return state !== undefined && state.acked >= length && state.round >= round;
    });
    return having.length >= acks;
  }

  #beat(): void {
    if (this.#isOver) return;
    this.deliver();
    this.#of.process.after(BEAT_MS, () => this.#beat());
  }

  #send(to: string, state: SlaveState): void {
    if (this.#isOver) return;
    const { nodeId, database, world, process } = this.#of;
    const start = state.acked;
    const delivery = {
      from: nodeId,
      epoch: this.epoch,
      session: state.session,
      start,
      transactions: database.history.slice(start, start + world.batchMax),
      length: database.history.length,
      round: this.#round,
      wallMs: process.clock.nowMs(),
    };
    world.network.send(nodeId, to, () => world.node(to).receiveDelivery(delivery));
  }
}
