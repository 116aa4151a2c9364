import { expect, test } from "vitest";
import { afterMessage, START_OF_WATCH } from "./watch-position.ts";

const at = (nextRevision: bigint) => ({ nextRevision });

test("the first connection tells that anything may have changed before, and goes on behind it", () => {
  expect(afterMessage(START_OF_WATCH, { kind: "created", revision: 7n })).toEqual({
    position: at(8n),
    told: [],
    goesOn: true,
  });
});

test("a later connection to a member that has more does not skip what is still to be told", () => {
  expect(afterMessage(at(5n), { kind: "created", revision: 9n })).toEqual({
    position: at(5n),
    told: null,
    goesOn: true,
  });
});

test("changes move the position behind the newest of them, and never back", () => {
  const changes = (revision: bigint) => ({ kind: "changes", keys: ["a"], revision }) as const;
  expect(afterMessage(at(5n), changes(7n))).toEqual({ position: at(8n), told: ["a"], goesOn: true });
  expect(afterMessage(at(9n), changes(7n))).toEqual({ position: at(9n), told: ["a"], goesOn: true });
});

test("a sign of life is not told", () => {
  const life = { kind: "changes", keys: [], revision: null } as const;
  expect(afterMessage(at(5n), life)).toEqual({ position: at(5n), told: null, goesOn: true });
});

test("what is compacted is told as anything, and the oldest that is kept comes next", () => {
  expect(afterMessage(at(5n), { kind: "compacted", revision: 20n })).toEqual({
    position: at(20n),
    told: [],
    goesOn: false,
  });
});

test("a member that has less than was seen, as after a restore from a backup, is followed from where it is", () => {
  expect(afterMessage(at(50n), { kind: "created", revision: 10n })).toEqual({
    position: at(11n),
    told: [],
    goesOn: false,
  });
  expect(afterMessage(at(11n), { kind: "created", revision: 10n })).toEqual({
    position: at(11n),
    told: null,
    goesOn: true,
  });
});
