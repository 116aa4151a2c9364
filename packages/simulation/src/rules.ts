import type { BrokenRule } from "@understudy/election";

/** Which rule does not hold; null where all do. */
export interface Rules {
  readonly broken: BrokenRule | null;
}
