import type { Chance } from "./chance.ts";
import type { Scheduler } from "./scheduler.ts";

/** One direction between two ends, as it is now. */
export interface Link {
  isCut: boolean;
  /** A packet filter answers connections with a refusal, as if nobody listened. */
  isRejecting: boolean;
  slowMs: number;
  loss: number;
  doubling: number;
}

/** Everything that goes between nodes, and between them and the store. */
export class Network {
  readonly #links = new Map<string, Link>();
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;

  constructor(scheduler: Scheduler, chance: Chance) {
    this.#scheduler = scheduler;
    this.#chance = chance;
  }

  /** One direction; made as it is asked for. */
  link(from: string, to: string): Link {
    const key = `${from}>${to}`;
    const known = this.#links.get(key);
    if (known) return known;
    const link = { isCut: false, isRejecting: false, slowMs: 0, loss: 0, doubling: 0 };
    this.#links.set(key, link);
    return link;
  }

  /** Ends all that is wrong with the network. */
  heal(): void {
    this.#links.clear();
  }

  /** Delivers later, once, twice or never; not in order. */
  send(from: string, to: string, deliver: () => void): void {
    const { loss, doubling } = this.link(from, to);
    if (loss > 0 && this.#chance.happens(loss)) return;
    this.#carry(from, to, deliver);
    if (doubling > 0 && this.#chance.happens(doubling)) this.#carry(from, to, deliver);
  }

  #carry(from: string, to: string, deliver: () => void): void {
    const link = this.link(from, to);
    if (link.isCut) return;
    const ms = this.#chance.between(0.2, 3) + (link.slowMs > 0 ? this.#chance.between(0, link.slowMs) : 0);
    this.#scheduler.after(ms, () => {
      if (!this.link(from, to).isCut) deliver();
    });
  }
}
