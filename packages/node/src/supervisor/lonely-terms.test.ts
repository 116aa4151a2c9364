import { expect, test } from "vitest";
import { LonelyTerms } from "./lonely-terms.ts";

test("a master that reaches nobody, term after term, waits twice as long each time, up to five minutes", () => {
  const terms = new LonelyTerms();
  const waits = Array.from({ length: 9 }, () => {
    const graceMs = terms.nextGraceMs();
    terms.noteGivenBack({ hasReached: false });
    return graceMs / 1000;
  });
  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 320, 320]);
});

test("a term that reached enough, or did not end for want of slaves, is followed by one that waits no longer", () => {
  const terms = new LonelyTerms();
  terms.nextGraceMs();
  terms.noteGivenBack({ hasReached: false });
  expect(terms.nextGraceMs()).toBe(10_000);
  terms.noteGivenBack({ hasReached: true });
  expect(terms.nextGraceMs()).toBe(5000);
  terms.noteGivenBack({ hasReached: false });
  expect(terms.nextGraceMs()).toBe(10_000);
  expect(terms.nextGraceMs()).toBe(5000);
});
