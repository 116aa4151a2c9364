/** How much longer than later a new master may reach too few slaves: they have to find it. */
const GRACE_MS = 5000;
const DOUBLINGS_MAX = 6;

/** What is asked of a term that has ended. */
export interface LonelyTerm {
  /** True where it ever reached so many slaves as confirm a write. */
  readonly hasReached: boolean;
}

/**
 * For how long a new master waits for its slaves before it gives its lead back to those that could follow each other. Where each node is
 * cut off from every other, and none from etcd, nobody can serve, whoever leads: each term that has reached nobody doubles the wait for
 * the next, up to five minutes, so that the lead does not go round and round, with an epoch each time that is in one node's data only.
 */
export class LonelyTerms {
  #inARow = 0;
  #last: LonelyTerm | null = null;

  /** The lead is being given back, since too few slaves are reached. */
  noteGivenBack(term: LonelyTerm): void {
    this.#last = term;
  }

  /** To be called as a term begins. */
  nextGraceMs(): number {
    this.#inARow = this.#last && !this.#last.hasReached ? Math.min(this.#inARow + 1, DOUBLINGS_MAX) : 0;
    this.#last = null;
    return GRACE_MS * 2 ** this.#inARow;
  }
}
