import { DeadlinePassed, orAbort, withDeadline, type Clock } from "@understudy/kernel";
import type { Leadership } from "../node-services.ts";

/** What {@link SlavesLeaving} needs. */
export interface SlavesLeavingOptions {
  readonly leadership: Pick<Leadership, "conditions" | "conditionsChanged" | "doubt">;
  /** Whether so many others follow as confirm a write: else nobody can be taken out. */
  readonly hasEnough: () => boolean;
  readonly clock: Clock;
}

/** A slave waits for the answer to its registration for longer; without etcd nothing is agreed on anyway. */
const OUT_MS = 2000;

/**
 * Slaves whose data are about to be replaced by a copy. They follow no more, and are told to begin only once the store says that they are
 * not in sync: a master that died meanwhile would else be waited for, since nobody could tell what only they had acked.
 */
export class SlavesLeaving {
  readonly #of: SlavesLeavingOptions;
  readonly #leaving = new Set<string>();

  constructor(options: SlavesLeavingOptions) {
    this.#of = options;
  }

  /** True from {@link takeOut} until {@link comeBack}. */
  has(nodeId: string): boolean {
    return this.#leaving.has(nodeId);
  }

  /** It is delivered to again, or no member any more. */
  comeBack(nodeId: string): void {
    this.#leaving.delete(nodeId);
  }

  /**
   * Resolves when no confirmed write rests on its acks any more; also where that can't be had, or not soon: it has no data to lead with
   * then either, and no write is lost by it.
   */
  async takeOut(nodeId: string): Promise<void> {
    const { leadership, hasEnough, clock } = this.#of;
    this.#leaving.add(nodeId);
    const counts = (): boolean =>
      hasEnough() && (leadership.conditions() ?? []).some(({ members }) => members.includes(nodeId));
    try {
      await withDeadline({ clock, ms: OUT_MS, signal: NEVER }, async (signal) => {
        for (;;) {
          const changed = leadership.conditionsChanged();
          if (!counts()) return;
          leadership.doubt();
          await orAbort(changed, signal);
        }
      });
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
    }
  }
}

const NEVER = new AbortController().signal;
