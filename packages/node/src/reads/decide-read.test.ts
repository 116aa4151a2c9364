import { describe, expect, it } from "vitest";
import { decideRead, type AfterFacts, type FreshnessFacts, type ReadStep } from "./decide-read.ts";

const FRESH: FreshnessFacts = { lagMs: 0, staleBoundMs: 0, asked: 0 };
const pass: ReadStep = { kind: "pass" };
const ask: ReadStep = { kind: "ask" };
const forProgress: ReadStep = { kind: "wait", for: "progress" };
const forEpoch: ReadStep = { kind: "wait", for: "epoch" };
const lost: ReadStep = { kind: "refuse", code: "history-lost" };
const tooStale: ReadStep = { kind: "refuse", code: "too-stale" };

describe("where a read goes", () => {
  it.each([
    ["local", "master", pass],
    ["local", "slave", pass],
    ["strong", "master", pass],
    ["strong", "slave", { kind: "forward" }],
  ] as const)("%s on a %s", (consistency, role, step) => {
    const freshness: FreshnessFacts = { lagMs: null, staleBoundMs: null, asked: 0 };
    expect(decideRead({ role, after: null, freshness }, { consistency })).toEqual(step);
  });

  it("strong on a slave goes to the master with its position, whatever is known of that here", () => {
    const after: AfterFacts = {
      ownEpoch: 1n,
      wantedEpoch: 1n,
      isContained: false,
      isExact: true,
      survived: null,
    };
    expect(decideRead({ role: "slave", after, freshness: FRESH }, { consistency: "strong" })).toEqual({
      kind: "forward",
    });
  });
});

describe("a read after a position", () => {
  // [epoch, contained, exact, survived]: every case there is
  it.each<["ours" | "later" | "earlier", boolean, boolean, boolean | null, ReadStep]>([
    ["ours", true, true, null, pass],
    ["ours", true, false, null, pass],
    ["ours", false, true, null, forProgress],
    ["ours", false, false, null, forProgress],
    ["later", true, true, null, pass],
    ["later", true, false, null, forEpoch],
    ["later", false, true, null, forEpoch],
    ["later", false, false, null, forEpoch],
    ["earlier", true, true, true, pass],
    ["earlier", true, true, false, pass],
    ["earlier", true, true, null, pass],
    ["earlier", true, false, true, pass],
    ["earlier", true, false, false, lost],
    ["earlier", true, false, null, forEpoch],
    ["earlier", false, true, true, forProgress],
    ["earlier", false, true, false, lost],
    ["earlier", false, true, null, forEpoch],
    ["earlier", false, false, true, forProgress],
    ["earlier", false, false, false, lost],
    ["earlier", false, false, null, forEpoch],
  ])(
    "of an epoch that is %s; contained %s, exactly %s, survived %s",
    (epoch, isContained, isExact, survived, step) => {
      const wantedEpoch = { ours: 5n, later: 6n, earlier: 4n }[epoch];
      const after: AfterFacts = { ownEpoch: 5n, wantedEpoch, isContained, isExact, survived };
      for (const role of ["master", "slave"] as const) {
        expect(decideRead({ role, after, freshness: FRESH }, { consistency: "local" })).toEqual(step);
      }
    },
  );

  it("is bounded only once it is there", () => {
    const after: AfterFacts = {
      ownEpoch: 1n,
      wantedEpoch: 1n,
      isContained: false,
      isExact: true,
      survived: null,
    };
    const freshness: FreshnessFacts = { lagMs: 900, staleBoundMs: 900, asked: 0 };
    const options = { consistency: "bounded", maxLagMs: 10 } as const;
    expect(decideRead({ role: "slave", after, freshness }, options)).toEqual(forProgress);
    const there = { ...after, isContained: true };
    expect(decideRead({ role: "slave", after: there, freshness }, options)).toEqual(tooStale);
  });
});

describe("a bounded read of at most 200 ms", () => {
  it.each<[lagMs: number | null, staleBoundMs: number | null, asked: number, ReadStep]>([
    [0, 0, 0, pass],
    [0, 200, 0, pass],
    [0, 201, 0, ask],
    [0, null, 0, ask],
    [200, 3_000, 0, ask],
    [0, 201, 1, ask],
    [0, 201, 2, tooStale],
    [0, null, 2, tooStale],
    [0, 201, Number.POSITIVE_INFINITY, tooStale],
    [201, 201, 0, tooStale],
    [201, null, 0, tooStale],
    [null, null, 0, tooStale],
    [null, 201, 0, tooStale],
    [null, 200, 0, pass],
  ])("lag %s, not older than %s, asked %s times", (lagMs, staleBoundMs, asked, step) => {
    const options = { consistency: "bounded", maxLagMs: 200 } as const;
    const freshness = { lagMs, staleBoundMs, asked };
    expect(decideRead({ role: "slave", after: null, freshness }, options)).toEqual(step);
    expect(decideRead({ role: "master", after: null, freshness }, options)).toEqual(pass);
  });
});
