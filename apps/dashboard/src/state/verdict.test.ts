import { MEMBER_STATES } from "@understudy/protocol";
import { expect, test } from "vitest";
import { memberOf, recordedView } from "../../test/recorded-cluster.ts";
import { faultsOf, verdictOf } from "./verdict.ts";

test("a cluster with a master and all members up is healthy, warnings or not", () => {
  const view = recordedView({ warnings: ["durability is relaxed"] });
  expect(verdictOf(view)).toBe("healthy");
  expect(faultsOf(view)).toEqual([]);
});

test("without a master it is degraded", () => {
  expect(faultsOf(recordedView({ leader: null }))).toEqual(["no master: nothing can be written now"]);
});

for (const state of MEMBER_STATES.filter((one) => one !== "up")) {
  test(`a member that is ${state} is named with its reason`, () => {
    const view = recordedView({ members: [memberOf("a"), memberOf("b", { state, reason: "so it is" })] });
    expect(verdictOf(view)).toBe("degraded");
    expect(faultsOf(view)).toEqual([`b is ${state}: so it is`]);
  });
}
