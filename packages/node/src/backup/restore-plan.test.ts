import { expect, test } from "vitest";
import { planRestore, type RestoreFacts } from "./restore-plan.ts";

const FACTS: RestoreFacts = {
  origin: {
    clusterId: "shop",
    epoch: 7n,
    nodeId: "node2",
    version: "0.1.0",
    takenAt: "2026-11-26T03:50:28.000Z",
  },
  rejoins: false,
  clusterId: undefined,
  schemas: [],
  isTorn: false,
  mayReplace: false,
  sessions: [],
  freshClusterId: "fresh-1",
};

test("a new cluster has another name, no members, no leader, and epochs that the old one does not reach", () => {
  expect(planRestore(FACTS)).toEqual({
    clusterId: "fresh-1",
    statements: [
      "UPDATE understudy.cluster SET cluster_id = 'fresh-1', leader = '', epoch = 2000",
      "DELETE FROM understudy.members",
    ],
  });
  expect(planRestore({ ...FACTS, clusterId: "shop-2" }).clusterId).toBe("shop-2");
  for (const epoch of [0n, 999n, 1000n, 1999n, 123_456n]) {
    const [first = ""] = planRestore({
      ...FACTS,
      origin: FACTS.origin && { ...FACTS.origin, epoch },
    }).statements;
    const next = Number(/epoch = (\d+)/.exec(first)?.[1]);
    expect(next - Number(epoch)).toBeGreaterThan(1000);
    expect(next - Number(epoch)).toBeLessThanOrEqual(2000);
  }
});

test("a node that rejoins keeps the history as it is", () => {
  for (const clusterId of [undefined, "shop"]) {
    expect(planRestore({ ...FACTS, clusterId, rejoins: true })).toEqual({
      clusterId: "shop",
      statements: [],
    });
  }
});

test.each([
  ["no backup", { origin: null }, /take one with GET \/backup/],
  ["a node that runs", { sessions: ["understudy_app (7)"] }, /understudy_app \(7\).*Stop the node/],
  [
    "data that would be lost",
    { schemas: ["shop", "understudy"] },
    /not empty: shop, understudy.*--replace-all-data/,
  ],
  ["the old cluster's own name", { clusterId: "shop" }, /another UNDERSTUDY_CLUSTER_ID.*--rejoin/],
  [
    "another cluster to rejoin",
    { clusterId: "crm", rejoins: true },
    /cluster shop.*UNDERSTUDY_CLUSTER_ID is crm/,
  ],
] as const)("%s is refused with what to do", (_, change, words) => {
  expect(() => planRestore({ ...FACTS, ...change })).toThrow(words);
});

test("what an earlier restore has left, or a person gives away, is replaced", () => {
  expect(planRestore({ ...FACTS, schemas: ["shop"], isTorn: true }).clusterId).toBe("fresh-1");
  expect(planRestore({ ...FACTS, schemas: ["shop"], mayReplace: true }).clusterId).toBe("fresh-1");
});
