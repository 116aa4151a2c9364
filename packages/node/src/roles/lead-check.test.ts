import type { AckSet } from "@understudy/election";
import { VirtualClock } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { LeadCheck } from "./lead-check.ts";

/** Of a master whose slaves, if any, can't be reached. */
function check({
  sets,
  hasElections,
}: {
  sets: readonly AckSet[] | null;
  hasElections: boolean;
}): Promise<void> {
  const leadership = {
    checkLeads: () => undefined,
    conditions: () => sets,
    conditionsChanged: () => Promise.withResolvers<void>().promise,
    doubt: () => undefined,
  };
  const registry = { all: () => [] };
  const clock = new VirtualClock();
  return new LeadCheck({ nodeId: "node1", epoch: 2n, registry, leadership, hasElections, clock }).check();
}

describe("LeadCheck", () => {
  it("is sure of nothing before it is agreed on whose word counts: another one may have led, and lead again", async () => {
    await expect(check({ sets: null, hasElections: true })).rejects.toMatchObject({ code: "no-leader" });
  });

  it("asks nobody where no election takes the lead away, or where no slave confirms a write", async () => {
    await expect(check({ sets: null, hasElections: false })).resolves.toBeUndefined();
    await expect(check({ sets: [{ members: [], acks: 0 }], hasElections: true })).resolves.toBeUndefined();
  });

  it("is not sure where too few slaves say that they follow", async () => {
    const sets = [{ members: ["node2"], acks: 1 }];
    await expect(check({ sets, hasElections: true })).rejects.toMatchObject({ code: "no-leader" });
  });
});
