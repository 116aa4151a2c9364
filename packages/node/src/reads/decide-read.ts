import type { ReadOptions, Role } from "@understudy/protocol";

/** How this node stands to the position that a read waits for. */
export interface AfterFacts {
  readonly ownEpoch: bigint;
  readonly wantedEpoch: bigint;
  /** What is visible here contains it. */
  readonly isContained: boolean;
  /** True where being contained says all (MySQL); on MariaDB another history may have used the same numbers again. */
  readonly isExact: boolean;
  /** Of an epoch that is over: whether it is part of what went on; null where that is not known here (yet). */
  readonly survived: boolean | null;
}

/** How old this node's data may be. */
export interface FreshnessFacts {
  readonly lagMs: number | null;
  /** An upper bound of the data's age; null where there is none. */
  readonly staleBoundMs: number | null;
  /** How often the master was asked for this read. */
  readonly asked: number;
}

/** What a read is decided from. */
export interface ReadFacts {
  readonly role: Role;
  /** Null where the read waits for no position. */
  readonly after: AfterFacts | null;
  readonly freshness: FreshnessFacts;
}

/** What comes next for a read. `wait`: until more is visible, or more is known of the epochs. `ask`: the master, where it is. */
export type ReadStep =
  | { readonly kind: "pass" | "forward" | "ask" }
  | { readonly kind: "wait"; readonly for: "progress" | "epoch" }
  | { readonly kind: "refuse"; readonly code: "too-stale" | "history-lost" };

/** A question that someone else has asked a moment ago may be too old an answer; one's own is not. */
const QUESTIONS_MAX = 2;

const PASS: ReadStep = { kind: "pass" };

/** Decides from facts alone what is next for a read. Options must have been checked. */
export function decideRead(
  facts: ReadFacts,
  options: Pick<ReadOptions, "consistency" | "maxLagMs">,
): ReadStep {
  if (options.consistency === "strong" && facts.role === "slave") return { kind: "forward" };
  const step = facts.after === null ? PASS : decideAfter(facts.after);
  if (step.kind !== "pass" || options.consistency !== "bounded" || facts.role === "master") return step;
  return decideBounded(facts.freshness, options.maxLagMs ?? 0);
}

/**
 * | epoch of the position | pass | refuse | wait |
 * |---|---|---|---|
 * | ours | contained | | until it is |
 * | later | contained, where that is exact | | until we have heard of that epoch |
 * | earlier | contained, and exact or survived | it did not survive | until it is; until we know whether it survived |
 */
function decideAfter(facts: AfterFacts): ReadStep {
  const { ownEpoch, wantedEpoch, isContained, isExact, survived } = facts;
  if (isContained && (isExact || wantedEpoch === ownEpoch)) return PASS;
  if (wantedEpoch === ownEpoch) return { kind: "wait", for: "progress" };
  if (wantedEpoch > ownEpoch || survived === null) return { kind: "wait", for: "epoch" };
  if (!survived) return { kind: "refuse", code: "history-lost" };
  return isContained ? PASS : { kind: "wait", for: "progress" };
}

/** What is certain decides; where only the upper bound is too large, the master is asked. */
function decideBounded({ lagMs, staleBoundMs, asked }: FreshnessFacts, maxLagMs: number): ReadStep {
  if (staleBoundMs !== null && staleBoundMs <= maxLagMs) return PASS;
  const isKnownOld = lagMs === null || lagMs > maxLagMs;
  if (isKnownOld || asked >= QUESTIONS_MAX) return { kind: "refuse", code: "too-stale" };
  return { kind: "ask" };
}
