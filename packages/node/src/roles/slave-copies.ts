import type { EventHistory } from "@understudy/health-monitor";
import { CopyGiven, type CopyProgress, type Lag } from "@understudy/protocol";
import type { SlavesInSync } from "@understudy/election";
import type { Clock } from "@understudy/kernel";
import { Value } from "typebox/value";
import { chooseCopySource } from "../cluster/copy-source-choice.ts";

/** So long after it was named a slave may not have begun, or not have told that it has. */
const NAMED_MS = 60_000;

/** What {@link SlaveCopies} needs. */
export interface SlaveCopiesOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly events: Pick<EventHistory, "record">;
}

/** A master's slaves, one of which may be named. */
export interface SlavesThere {
  readonly slaves: readonly CopySource[];
  readonly queue: { view(nodeId: string): { readonly lag: Pick<Lag, "transactions"> } | null };
  readonly inSync: SlavesInSync;
}

/** Where a copy is to be had. */
export interface CopySource {
  readonly nodeId: string;
  readonly url: string;
}

interface Named {
  readonly joiner: string;
  readonly untilMs: number;
}

/** What a master knows of the copies that its slaves give to nodes that join. */
export class SlaveCopies {
  readonly #of: SlaveCopiesOptions;
  /** By the slave that was named to give one, and has not told of it yet: it may be held up before it can. */
  readonly #named = new Map<string, Named>();
  /** By the slave that gives it. */
  readonly #given = new Map<string, CopyGiven>();
  /** By who joins: the slave that an event says it was sent to. One that asks again and again is told of once. */
  readonly #told = new Map<string, string>();
  /** Who got a copy from a slave, and is not a member since. */
  readonly #served = new Set<string>();

  constructor({ clock, events }: SlaveCopiesOptions) {
    this.#of = { clock, events };
  }

  /** A slave has told with an ack which copy it gives, or none. */
  note(slave: string, told: unknown): void {
    // nearly always there is none, which costs no check then
    if (told === undefined || !Value.Check(CopyGiven, told)) {
      this.#given.delete(slave);
      return;
    }
    this.#given.set(slave, told);
    this.#named.delete(slave);
    this.#served.add(told.nodeId);
  }

  /** The slave is gone, and with it what it gives. */
  forget(slave: string): void {
    this.#given.delete(slave);
    this.#named.delete(slave);
  }

  /** True while a slave gives a copy. */
  get isUnderWay(): boolean {
    return this.#given.size > 0 || this.#named.size > 0;
  }

  /** It has become a member. */
  admitted(nodeId: string): void {
    this.#served.delete(nodeId);
    this.#told.delete(nodeId);
    this.#unname(nodeId);
  }

  #unname(joiner: string): void {
    const nowMs = this.#of.clock.monotonicMs();
    for (const [slave, named] of this.#named) {
      if (named.joiner === joiner || named.untilMs < nowMs) this.#named.delete(slave);
    }
  }

  #gives(slave: string): boolean {
    return this.#given.has(slave) || this.#named.has(slave);
  }

  /**
   * Which slave is to give this node its copy; null where the master has to. One that a slave has given a copy, and that needs one all the
   * same, is left to the master.
   */
  sourceFor(joiner: string, { slaves, queue, inSync }: SlavesThere): CopySource | null {
    this.#unname(joiner);
    if (this.#served.has(joiner)) return null;
    const candidates = slaves.map(({ nodeId, url }) => ({
      nodeId,
      url,
      follows: inSync.following.includes(nodeId),
      gives: this.#gives(nodeId),
      behind: queue.view(nodeId)?.lag.transactions ?? null,
    }));
    const source = chooseCopySource({ joiner, candidates, acks: inSync.acks });
    if (!source) return null;
    const { nodeId, url } = source;
    const { clock, events } = this.#of;
    this.#named.set(nodeId, { joiner, untilMs: clock.monotonicMs() + NAMED_MS });
    if (this.#told.get(joiner) !== nodeId)
      events.record("copy", `${joiner} is sent to ${nodeId} for its copy of the data`, joiner);
    this.#told.set(joiner, nodeId);
    return { nodeId, url };
  }

  /**
   * Slaves that give a copy, or were named to, though their acks are needed by now: a definition that waits for the copy's end would keep them from acking
   * what comes behind it.
   */
  needed({ following, acks }: SlavesInSync): readonly string[] {
    const free = following.filter((slave) => !this.#gives(slave));
    return free.length >= acks ? [] : [...new Set([...this.#given.keys(), ...this.#named.keys()])];
  }

  /** Null where no slave gives this node a copy. */
  progressOf(nodeId: string): CopyProgress | null {
    const given = [...this.#given.values()].find((copy) => copy.nodeId === nodeId);
    return given?.progress ?? null;
  }
}
