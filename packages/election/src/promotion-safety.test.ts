import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleState, UUID, type SampleMember } from "../test/sample-state.ts";
import { decideSync } from "./decide-leader.ts";
import { planPromotion } from "./promotion-plan.ts";
import type { SyncSet } from "./cluster-state.ts";
import { SyncAgreement } from "./sync-agreement.ts";

const SLAVES = ["a", "b", "c", "d"] as const;
type Slave = (typeof SLAVES)[number];

const someSlaves = fc.subarray([...SLAVES]);
const inSync = fc
  .subarray([...SLAVES], { minLength: 1 })
  .chain((members) =>
    fc.record({ members: fc.constant(members), acks: fc.integer({ min: 1, max: members.length }) }),
  );

/** How far each slave is in its master's history; a write is where its number is not above. */
const positions = fc.record(
  Object.fromEntries(SLAVES.map((id) => [id, fc.integer({ min: 0, max: 12 })])) as Record<
    Slave,
    fc.Arbitrary<number>
  >,
);

/** The last write that has been acked as the set says: all up to it may have been confirmed. */
function lastConfirmed(
  { members, acks }: Pick<SyncSet, "members" | "acks">,
  at: Record<string, number>,
): number {
  return members.map((id) => at[id] ?? 0).toSorted((x, y) => y - x)[acks - 1] ?? 0;
}

describe("planPromotion on any cluster that has kept to who is in sync", () => {
  it("F1: the winner has every confirmed write, whoever is there", () => {
    let winners = 0;
    fc.assert(
      fc.property(inSync, positions, someSlaves, fc.boolean(), (set, at, there, hasMaster) => {
        const members: Record<string, SampleMember> = {};
        for (const id of there) members[id] = { closed: "1", gtid: at[id] > 0 ? `${UUID}:1-${at[id]}` : "" };
        if (hasMaster) members["m"] = { closed: "1", gtid: `${UUID}:1-12` };
        const sync = { leader: "m", epoch: "1", ...set };
        const plan = planPromotion({
          state: sampleState({ epoch: "1", sync, members }),
          maxLagMs: 0,
          isBinding: true,
        });
        for (const winner of plan.order) {
          winners++;
          expect(winner === "m" ? 12 : (at as Record<string, number>)[winner]).toBeGreaterThanOrEqual(
            lastConfirmed(set, at),
          );
        }
      }),
      { numRuns: 2000 },
    );
    expect(winners).toBeGreaterThan(200);
  });

  it("F1: any members − acks + 1 of those in sync share one with any acks of them, and one fewer may not", () => {
    fc.assert(
      fc.property(inSync, ({ members, acks }) => {
        const needed = members.length - acks + 1;
        for (let mask = 0; mask < 2 ** members.length; mask++) {
          const seen = members.filter((_, index) => mask & (1 << index));
          const rest = members.length - seen.length;
          expect(rest >= acks).toBe(seen.length < needed);
        }
      }),
    );
  });
});

/** A step of a master and its slaves. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("ack" as const), slave: fc.constantFrom(...SLAVES) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      following: someSlaves,
      acks: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("give-up" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("store" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("look" as const) }) },
);

describe("changing who is in sync", () => {
  it("F1: at every moment what the store says holds for every confirmed write", () => {
    let confirmed = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 90, size: "max" }), (steps) => {
        const agreement = new SyncAgreement("m", 1n);
        const at: Record<string, number> = Object.fromEntries(SLAVES.map((id) => [id, 0]));
        let committed = 0;
        let last = 0;
        let stored: SyncSet | null = { leader: "m", epoch: 1n, members: ["a", "b"], acks: 1 };
        let pending: SyncSet | null = null;
        let isSent = false;
        let mustHave = 0;
        for (const now of steps) {
          if (now.kind === "write") committed++;
          else if (now.kind === "ack") at[now.slave] = committed;
          else if (now.kind === "settle" && pending === null) {
            pending = decideSync({ nodeId: "m", epoch: 1n, stored, slaves: SLAVES, ...now });
            agreement.propose(pending);
            mustHave = committed;
          } else if (now.kind === "give-up" && !isSent) {
            pending = null;
            agreement.propose(null);
          } else if (now.kind === "store" && pending && lastConfirmed(pending, at) >= mustHave) {
            // the answer is not known until the next look
            isSent = true;
            stored = pending;
          } else if (now.kind === "look") {
            agreement.noteStored(stored);
            if (isSent) pending = null;
            isSent = false;
          }
          const sets = agreement.conditions();
          if (sets) last = Math.max(last, Math.min(committed, ...sets.map((set) => lastConfirmed(set, at))));
          if (stored) expect(lastConfirmed(stored, at)).toBeGreaterThanOrEqual(last);
          confirmed += last;
        }
      }),
      { numRuns: 2000 },
    );
    expect(confirmed).toBeGreaterThan(10_000);
  });
});
