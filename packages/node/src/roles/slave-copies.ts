import { CopyGiven, type CopyProgress } from "@understudy/protocol";
import type { SlavesInSync } from "@understudy/election";
import type { Clock } from "@understudy/kernel";
import { Value } from "typebox/value";
import { chooseCopySource, type CopyCandidate } from "../cluster/copy-source-choice.ts";

/** So long after it was named a slave may not have begun, or not have told that it has. */
const NAMED_MS = 60_000;

interface Named {
  readonly joiner: string;
  readonly untilMs: number;
}

/** What a master knows of the copies that its slaves give to nodes that join. */
export class SlaveCopies {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** By the slave that was named to give one, and has not told of it yet: it may be held up before it can. */
  readonly #named = new Map<string, Named>();
  /** By the slave that gives it. */
  readonly #given = new Map<string, CopyGiven>();
  /** Who got a copy from a slave, and is not a member since. */
  readonly #served = new Set<string>();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** A slave has told with an ack which copy it gives, or none. */
  note(slave: string, told: unknown): void {
    if (!Value.Check(CopyGiven, told)) {
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
    this.#unname(nodeId);
  }

  #unname(joiner: string): void {
    const nowMs = this.#clock.monotonicMs();
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
  sourceFor(
    joiner: string,
    slaves: readonly Pick<CopyCandidate, "nodeId" | "url" | "behind">[],
    { following, acks }: SlavesInSync,
  ): CopyCandidate | null {
    this.#unname(joiner);
    if (this.#served.has(joiner)) return null;
    const candidates = slaves.map((slave) => ({
      ...slave,
      follows: following.includes(slave.nodeId),
      gives: this.#gives(slave.nodeId),
    }));
    const source = chooseCopySource({ joiner, candidates, acks });
    if (source) {
      this.#named.set(source.nodeId, { joiner, untilMs: this.#clock.monotonicMs() + NAMED_MS });
    }
    return source;
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
