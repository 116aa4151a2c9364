import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SessionPositions } from "./session-positions.ts";

describe("SessionPositions", () => {
  it("needs nothing at first, then what was seen last", () => {
    const positions = new SessionPositions();
    expect(positions.needs()).toEqual({ after: "0:", strong: false, known: [] });
    positions.noteWrite(positions.needs(), "5:u:7");
    expect(positions.text).toBe("5:u:7");
    positions.noteRead(positions.needs(), "5:u:1-9");
    expect(positions.text).toBe("5:u:1-9");
    positions.noteWrite(positions.needs(), "5:u:12");
    expect(positions.needs().after).toBe("5:u:12");
  });

  it("keeps both of two calls at the same time, until a read has waited for both", () => {
    const positions = new SessionPositions();
    const write = positions.needs();
    const read = positions.needs();
    positions.noteRead(read, "5:u:1-6");
    positions.noteWrite(write, "5:u:7");
    expect(positions.needs().after).toBe("5:u:1-6 5:u:7");
    positions.noteRead(positions.needs(), "5:u:1-8");
    expect(positions.text).toBe("5:u:1-8");
  });

  it.each([
    ["5:u:7", "5:u:9"],
    ["5:u:tag:7", "5:u:tag:9"],
    ["5:0-1-7", "5:0-1-9"],
    ["5:u:1-7", "5:u:1-9"],
    ["5:a:1-5,b:1-7", "5:a:1-5,b:1-10"],
  ])("knows that %s is within %s, in whatever order they come", (inner, outer) => {
    for (const order of [
      [inner, outer],
      [outer, inner],
    ]) {
      const positions = new SessionPositions();
      const needs = positions.needs();
      for (const position of order) positions.noteWrite(needs, position);
      expect(positions.text).toBe(outer);
    }
  });

  it.each([
    ["5:u:7", "6:u:9"],
    ["5:a:7", "5:b:9"],
    ["5:0-1-7", "5:0-2-9"],
    ["5:0-1-7,1-1-3", "5:0-1-8,1-1-3"],
    ["5:u:7", "5:u:1-9"],
  ])("can't tell %s from %s", (one, other) => {
    const positions = new SessionPositions();
    const needs = positions.needs();
    positions.noteWrite(needs, one);
    positions.noteWrite(needs, other);
    expect(positions.text).toBe(`${one} ${other}`);
  });

  it("holds a write of an older epoch until a read has found out whether it survived", () => {
    const positions = new SessionPositions("5:u:7");
    positions.noteWrite(positions.needs(), "6:v:1");
    expect(positions.text).toBe("5:u:7 6:v:1");
    positions.forget(positions.needs());
    expect(positions.text).toBeNull();
  });

  it("goes to the master when it would have too many to name", () => {
    const positions = new SessionPositions();
    const needs = positions.needs();
    for (let index = 0; index < 20; index++) positions.noteWrite(needs, `5:${index}-1-7`);
    const many = positions.needs();
    expect(many.strong).toBe(true);
    expect(many.after?.split(" ")).toHaveLength(8);
    positions.noteRead(many, "5:all");
    expect(positions.text).toBe("5:all");
  });

  it("is carried on by its text", () => {
    const positions = new SessionPositions("5:u:7 5:u:1-6");
    expect(new SessionPositions(positions.text).needs()).toEqual(positions.needs());
    expect(new SessionPositions("").text).toBeNull();
  });

  // One history of transactions 1, 2, 3, …: a write's position is its number, a read's all up to what its node had.
  it("never needs less than what was seen, whatever overlaps", () => {
    const step = fc.record({ isWrite: fc.boolean(), slot: fc.nat(5), lag: fc.nat(4) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const positions = new SessionPositions();
        const open = new Map<number, { needs: ReturnType<SessionPositions["needs"]>; isWrite: boolean }>();
        let last = 0;
        let seen = 0;
        for (const { isWrite, slot, lag } of steps) {
          const call = open.get(slot);
          if (!call) {
            open.set(slot, { needs: positions.needs(), isWrite });
            continue;
          }
          open.delete(slot);
          if (call.isWrite) {
            last++;
            seen = last;
            positions.noteWrite(call.needs, `5:u:${last}`);
          } else {
            const has = Math.max(reached(call.needs.after), last - lag);
            seen = Math.max(seen, has);
            positions.noteRead(call.needs, `5:u:1-${has}`);
          }
          expect(reached(positions.needs().after)).toBe(seen);
          expect(positions.needs().known.length).toBeLessThanOrEqual(2);
        }
      }),
    );
  });
});

function reached(after: string | undefined): number {
  const numbers = (after ?? "").split(" ").map((one) => Number(/(\d+)$/.exec(one)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}
