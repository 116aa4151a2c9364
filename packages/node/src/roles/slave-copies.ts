import { CopyGiven, type CopyProgress } from "@understudy/protocol";
import type { SlavesInSync } from "@understudy/election";
import { Value } from "typebox/value";
import { chooseCopySource, type CopyCandidate } from "../cluster/copy-source-choice.ts";

/** What a master knows of the copies that its slaves give to nodes that join. */
export class SlaveCopies {
  /** By the slave that gives it. */
  readonly #given = new Map<string, CopyGiven>();
  /** Who got a copy from a slave, and is not a member since. */
  readonly #served = new Set<string>();

  /** A slave has told with an ack which copy it gives, or none. */
  note(slave: string, told: unknown): void {
    if (!Value.Check(CopyGiven, told)) {
      this.#given.delete(slave);
      return;
    }
    this.#given.set(slave, told);
    this.#served.add(told.nodeId);
  }

  /** The slave is gone, and with it what it gives. */
  forget(slave: string): void {
    this.#given.delete(slave);
  }

  /** True while a slave gives a copy. */
  get isUnderWay(): boolean {
    return this.#given.size > 0;
  }

  /** It has become a member. */
  admitted(nodeId: string): void {
    this.#served.delete(nodeId);
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
    if (this.#served.has(joiner)) return null;
    const candidates = slaves.map((slave) => ({
      ...slave,
      follows: following.includes(slave.nodeId),
      gives: this.#given.has(slave.nodeId),
    }));
    return chooseCopySource({ joiner, candidates, acks });
  }

  /**
   * Slaves that give a copy though their acks are needed by now: a definition that waits for the copy's end would keep them from acking
   * what comes behind it.
   */
  needed({ following, acks }: SlavesInSync): readonly string[] {
    const free = following.filter((slave) => !this.#given.has(slave));
    return free.length >= acks ? [] : [...this.#given.keys()];
  }

  /** Null where no slave gives this node a copy. */
  progressOf(nodeId: string): CopyProgress | null {
    const given = [...this.#given.values()].find((copy) => copy.nodeId === nodeId);
    return given?.progress ?? null;
  }
}
