import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { syncAfterHandOver } from "./hand-over-key.ts";

const SYNC = { leader: "a", epoch: 3n, members: ["b", "c"], acks: 1 };
const HANDS = { from: "a", to: "b", epoch: 3n };

describe("syncAfterHandOver", () => {
  it("F1: the master that hands over takes the place of the one that gets the lead", () => {
    expect(syncAfterHandOver(SYNC, HANDS)).toEqual({ leader: "b", epoch: 4n, members: ["a", "c"], acks: 1 });
    expect(syncAfterHandOver({ ...SYNC, members: ["c"] }, HANDS)?.members).toEqual(["a", "c"]);
  });

  it("F1: says nothing by what is of another epoch or another master", () => {
    expect(syncAfterHandOver(null, HANDS)).toBeNull();
    expect(syncAfterHandOver({ ...SYNC, epoch: 2n }, HANDS)).toBeNull();
    expect(syncAfterHandOver({ ...SYNC, leader: "c" }, HANDS)).toBeNull();
  });

  it("F1: whoever acked a confirmed write, enough of those who are in sync afterwards have it", () => {
    const slaves = ["b", "c", "d", "e"];
    fc.assert(
      fc.property(
        fc.subarray(slaves, { minLength: 1 }),
        fc.constantFrom(...slaves),
        fc.nat(),
        (members, to, chance) => {
          const acks = 1 + (chance % members.length);
          const next = syncAfterHandOver({ ...SYNC, members, acks }, { ...HANDS, to });
          expect(next?.members).not.toContain(to);
          // any that acked it, and the master itself
          for (let first = 0; first < members.length; first++) {
            const acked = Array.from(
              { length: acks },
              (_, index) => members[(first + index) % members.length],
            );
            const have = next?.members.filter((nodeId) => nodeId === "a" || acked.includes(nodeId)) ?? [];
            expect(have.length).toBeGreaterThanOrEqual(next?.acks ?? Number.POSITIVE_INFINITY);
          }
        },
      ),
    );
  });
});
