import { expect, test } from "vitest";
import { chooseCopySource, type CopyCandidate } from "./copy-source-choice.ts";

const slave = (nodeId: string, change: Partial<CopyCandidate> = {}): CopyCandidate => ({
  nodeId,
  url: `http://${nodeId}`,
  follows: true,
  gives: false,
  behind: 0,
  ...change,
});

const choose = (acks: number, ...candidates: readonly CopyCandidate[]): string | null =>
  chooseCopySource({ joiner: "j", candidates, acks })?.nodeId ?? null;

test("a slave gives the copy where writes are confirmed without it", () => {
  expect(choose(0, slave("a"))).toBe("a");
  expect(choose(1, slave("a"))).toBeNull();
  expect(choose(1, slave("a"), slave("b"))).toBe("a");
  expect(choose(2, slave("a"), slave("b"))).toBeNull();
});

test("not the one that joins, nor one that does not follow, nor one that gives a copy already, which may hold still", () => {
  expect(choose(0, slave("j"))).toBeNull();
  expect(choose(0, slave("a", { follows: false }))).toBeNull();
  expect(choose(1, slave("a", { follows: false }), slave("b"), slave("j"))).toBeNull();
  expect(choose(0, slave("a", { gives: true }), slave("b"))).toBe("b");
  expect(choose(1, slave("a", { gives: true }), slave("b"))).toBeNull();
});

test("the one that lacks least", () => {
  expect(choose(0, slave("a", { behind: null }), slave("b", { behind: 7 }), slave("c", { behind: 3 }))).toBe(
    "c",
  );
});
