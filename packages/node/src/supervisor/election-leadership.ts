import type { AckSet, Election } from "@understudy/election";
import type { Leadership } from "../node-services.ts";

/** Gives roles their part of an election that begins after them. */
export class ElectionLeadership implements Leadership {
  #election: Election | null = null;

  /** From now on it decides. */
  attach(election: Election): void {
    this.#election = election;
  }

  checkLeads(epoch: bigint): void {
    this.#election?.checkLeads(epoch);
  }

  conditions(): readonly AckSet[] | null {
    return this.#election?.sync?.conditions() ?? null;
  }

  conditionsChanged(): Promise<void> {
    return this.#election?.sync?.changed.next() ?? Promise.withResolvers<void>().promise;
  }

  doubt(): void {
    this.#election?.hurry();
  }
}
