import { describe, expect, it } from "vitest";
import { parseChaosOptions } from "./chaos-options.ts";
import { plansOf } from "./plans.ts";
import { BACK_WITHIN_MS } from "./convergence.ts";
import { faultNamed } from "./fault-list.ts";

function plans(...words: readonly string[]) {
  const options = parseChaosOptions(words, () => 0.5);
  return plansOf(options)
    .map(({ fault, target, during, seed, round }) => ({ name: fault.name, target, during, seed, round }))
    .take(300)
    .toArray();
}

describe("plansOf", () => {
  it("takes the named faults in turn, each as often as was asked for", () => {
    const names = plans("--fault", "kill-node,switchover", "--rounds", "2").map(({ name }) => name);
    expect(names).toEqual(["kill-node", "switchover", "kill-node", "switchover"]);
  });

  it("walks the same way from the same seed, and another way from another", () => {
    expect(plans("--seed", "7")).toEqual(plans("--seed", "7"));
    expect(plans("--seed", "7")).not.toEqual(plans("--seed", "8"));
  });

  it("comes to two faults at once and to faults during a switchover, but to no switchover during another", () => {
    const walk = plans("--seed", "7");
    expect(walk.some(({ name }) => name.includes("+"))).toBe(true);
    expect(walk.some(({ during }) => during === "switchover")).toBe(true);
    expect(walk.some(({ during }) => during === "snapshot")).toBe(true);
    const planned = walk.filter(({ name }) => /switchover|rolling/.test(name));
    expect(planned.length).toBeGreaterThan(0);
    expect(planned.filter(({ name, during }) => name.includes("+") || during !== "load")).toEqual([]);
    expect(walk.filter(({ name }) => name.includes("false-death"))).toEqual([]);
  });
});

it("a cluster has as long to come back from two faults at once as from one", () => {
  expect(faultNamed("kill-node+etcd-member-down").backWithinMs).toBe(BACK_WITHIN_MS);
});
