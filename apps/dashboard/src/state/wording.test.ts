import fc from "fast-check";
import { expect, test } from "vitest";
import { age, ageOf, duration, lagWords, shortPosition, timeOfDay } from "./wording.ts";

for (const [ms, words] of [
  [-5, "0 ms"],
  [0, "0 ms"],
  [999.4, "999 ms"],
  [999.6, "1.0 s"],
  [4_230, "4.2 s"],
  [9_949, "9.9 s"],
  [9_960, "10 s"],
  [99_000, "99 s"],
  [100_000, "2 min"],
  [3_600_000, "60 min"],
  [6 * 3_600_000, "6 h"],
  [72 * 3_600_000, "3 d"],
] as const) {
  test(`${ms} ms is "${words}"`, () => {
    expect(duration(ms)).toBe(words);
  });
}

test("a duration of up to ten years fits its column", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 10 * 365 * 86_400_000, noNaN: true }), (ms) => {
      expect(duration(ms).length).toBeLessThanOrEqual(6);
    }),
  );
});

test("ages are told from now on", () => {
  expect(age(999)).toBe("now");
  expect(age(3_000)).toBe("3.0 s ago");
  expect(ageOf(null, 0)).toBe("never");
  expect(ageOf("nonsense", 0)).toBe("?");
  expect(ageOf("1970-01-01T00:00:10.000Z", 22_000)).toBe("12 s ago");
});

test("lag has what is known of it", () => {
  expect(lagWords({ ms: null, transactions: null, bytes: null })).toBe("–");
  expect(lagWords({ ms: 0, transactions: 0, bytes: 0 })).toBe("0 ms");
  expect(lagWords({ ms: 4_230, transactions: 12, bytes: 1 })).toBe("4.2 s 12 tx");
  expect(lagWords({ ms: null, transactions: 12, bytes: 1 })).toBe("12 tx");
});

test("a long position keeps its epoch and its end, in the width that it has", () => {
  expect(shortPosition(null, 10)).toBe("–");
  expect(shortPosition("7:0-1-5", 10)).toBe("7:0-1-5");
  expect(shortPosition("7:3e11fa47-71ca-11e1-9e33-c80aa9429562:1-90512", 14)).toBe("7:…562:1-90512");
  fc.assert(
    fc.property(fc.string({ minLength: 20 }), fc.integer({ min: 8, max: 19 }), (gtid, width) => {
      expect(shortPosition(`7:${gtid}`, width)).toHaveLength(width);
    }),
  );
});

test("what is no time is a question mark", () => {
  expect(timeOfDay("nonsense")).toBe("?");
  expect(timeOfDay("2026-03-01T11:59:00.000Z")).toMatch(/^\d\d:\d\d:\d\d$/);
});
