/** Whole numbers from `first` to `last`, both included. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * A set of positive numbers as ascending intervals that do not touch. Immutable.
 * The last interval is kept apart, so that counting on by one (what a history does for each transaction) copies nothing else.
 */
export class IntervalList {
  static readonly empty = new IntervalList([], null);

  readonly #head: readonly Interval[];
  readonly #tail: Interval | null;

  /** `head` and then `tail` must be ascending and apart from each other; use {@link IntervalList.from} for anything else. */
  private constructor(head: readonly Interval[], tail: Interval | null) {
    this.#head = head;
    this.#tail = tail;
  }

  /** Takes intervals in any order, overlapping or not. */
  static from(intervals: readonly Interval[]): IntervalList {
    const merged: Interval[] = [];
    for (const next of intervals.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
      const before = merged.at(-1);
      if (!before || next.first > before.last + 1n) merged.push(next);
      else if (next.last > before.last) merged[merged.length - 1] = { first: before.first, last: next.last };
    }
    const tail = merged.pop();
    return tail ? new IntervalList(merged, tail) : IntervalList.empty;
  }

  get isEmpty(): boolean {
    return this.#tail === null;
  }

  /** All intervals, ascending. */
  get intervals(): readonly Interval[] {
    return this.#tail ? [...this.#head, this.#tail] : [];
  }

  /** Constant time for numbers in or above the last interval, else logarithmic. */
  has(number: bigint): boolean {
    const tail = this.#tail;
    if (!tail || number > tail.last) return false;
    if (number >= tail.first) return true;
    return covers(this.#head, { first: number, last: number });
  }

  /** This list with one more number; the same object where it is in already. */
  with(number: bigint): IntervalList {
    const tail = this.#tail;
    if (!tail) return new IntervalList([], { first: number, last: number });
    if (number === tail.last + 1n) return new IntervalList(this.#head, { first: tail.first, last: number });
    if (number > tail.last) return new IntervalList([...this.#head, tail], { first: number, last: number });
    if (this.has(number)) return this;
    return IntervalList.from([...this.intervals, { first: number, last: number }]);
  }

  union(other: IntervalList): IntervalList {
    if (this.isEmpty) return other;
    const tail = other.#tail;
    if (!tail) return this;
    // what a history mostly takes in: one transaction
    if (other.#head.length === 0 && tail.first === tail.last) return this.with(tail.first);
    return IntervalList.from([...this.intervals, ...other.intervals]);
  }

  /** The numbers that are in both. */
  intersection(other: IntervalList): IntervalList {
    const theirs = other.intervals;
    const common = this.intervals.flatMap((own) =>
      theirs
        .map(({ first, last }) => ({
          first: first > own.first ? first : own.first,
          last: last < own.last ? last : own.last,
        }))
        .filter(({ first, last }) => first <= last),
    );
    return IntervalList.from(common);
  }

  containsAll(other: IntervalList): boolean {
    const own = this.intervals;
    return other.intervals.every((interval) => covers(own, interval));
  }

  /** The highest number; 0 for an empty list. */
  get last(): bigint {
    return this.#tail?.last ?? 0n;
  }

  /** A number of `other` that is not in here; null where all are. */
  oneMissing(other: IntervalList): bigint | null {
    const own = this.intervals;
    for (const interval of other.intervals.toReversed()) {
      if (covers(own, interval)) continue;
      const end = own.find(({ first, last }) => first <= interval.last && interval.last <= last);
      return end ? end.first - 1n : interval.last;
    }
    return null;
  }

  /** How many numbers of `other` are not in here. */
  countMissing(other: IntervalList): bigint {
    return size(this.union(other)) - size(this);
  }

  /** `1-5:7` */
  toString(): string {
    return this.intervals
      .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
      .join(":");
  }
}

function size(list: IntervalList): bigint {
  return list.intervals.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

/** Binary search for the one interval that could hold all of `wanted`. */
function covers(intervals: readonly Interval[], wanted: Interval): boolean {
  let low = 0;
  let high = intervals.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const interval = intervals[middle];
    if (!interval) return false;
    if (wanted.first < interval.first) high = middle - 1;
    else if (wanted.first > interval.last) low = middle + 1;
    else return wanted.last <= interval.last;
  }
  return false;
}
