/** What all values beyond the limit are called. */
export const OTHER = "other";

/** Holds the number of a label's values down: the first so many are known by their name, all later ones are `other`. */
export class ValueCap {
  readonly #known = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(value);
    return value;
  }
}
