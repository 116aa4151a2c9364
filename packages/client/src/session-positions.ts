/** Positions kept side by side; beyond that the next read goes to the master, which has them all. */
const POSITIONS_MAX = 8;

/**
 * The empty history, which every node has. A read that names it waits for nothing, and is answered as a session's: with a position
 * that has all that its rows show.
 */
const NOTHING_YET = "0:";

/** What a read has to ask for, so that it sees what its session has seen. */
export interface Needs {
  /** For `after`. */
  readonly after: string;
  /** True where too many are known to name them all, so that the read must be `strong`. */
  readonly strong: boolean;
  /** All that was known when it was asked, for {@link SessionPositions.noteRead} and {@link SessionPositions.noteWrite}. */
  readonly known: readonly string[];
}

/**
 * The positions that a session's reads must have reached: of its writes, and of its own earlier reads. Positions are opaque, so
 * that of two which came from calls at the same time nobody can tell here which has the other: both are kept and sent. Calls
 * after one another leave one:
 *
 * - a read waited for all that was sent with it, so its answer's position stands for them;
 * - a write comes after all that was seen before it was sent, and nodes commit in the master's order, so it stands for that —
 *   but not for what belongs to an older epoch: whether that survived is for a read to find out (`history-lost`).
 */
export class SessionPositions {
  #positions: readonly string[];

  /** Goes on from what another session's {@link text} said, perhaps in another process. */
  constructor(text: string | null = null) {
    this.#positions = text === null || text === "" ? [] : text.split(" ");
  }

  /** To be carried on; null where nothing was written or read yet. */
  get text(): string | null {
    return this.#positions.length === 0 ? null : this.#positions.join(" ");
  }

  needs(): Needs {
    const known = this.#positions;
    return {
      after: known.length === 0 ? NOTHING_YET : known.slice(0, POSITIONS_MAX).join(" "),
      strong: known.length > POSITIONS_MAX,
      known,
    };
  }

  noteRead(needs: Needs, position: string): void {
    this.#replace(needs.known, position);
  }

  noteWrite(needs: Needs, position: string): void {
    const epoch = epochOf(position);
    this.#replace(
      needs.known.filter((one) => epochOf(one) === epoch),
      position,
    );
  }

  /** Drops what belongs to a history that did not survive, so that the session can go on. */
  forget(needs: Needs): void {
    this.#positions = this.#positions.filter((one) => !needs.known.includes(one));
  }

  #replace(old: readonly string[], position: string): void {
    const others = this.#positions.filter((one) => !old.includes(one) && !isWithin(one, position));
    this.#positions = others.some((one) => isWithin(position, one)) ? others : [...others, position];
  }
}

function epochOf(position: string): string {
  return position.slice(0, position.indexOf(":"));
}

/**
 * True where the two are the same text up to their last number, and that is no larger in `inner`: what two writes of one master
 * look like, and two moments of one history. In all other cases nothing can be said.
 */
function isWithin(inner: string, outer: string): boolean {
  if (inner === outer) return true;
  const one = splitLastNumber(inner);
  const other = splitLastNumber(outer);
  return (
    one.rest === other.rest && one.number !== null && other.number !== null && one.number <= other.number
  );
}

function splitLastNumber(text: string): { rest: string; number: bigint | null } {
  const digits = /[:-](\d{1,20})$/.exec(text)?.[1];
  if (digits === undefined) return { rest: text, number: null };
  return { rest: text.slice(0, -digits.length), number: BigInt(digits) };
}
