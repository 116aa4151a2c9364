import { describe, expect, it } from "vitest";
import { verdictOf } from "./write-rules.ts";

describe("verdictOf", () => {
  it.each([
    ["no-leader", "again"],
    ["database-unavailable", "again"],
    ["write-uncertain", "open"],
    ["ack-timeout", "unconfirmed"],
    ["internal", "defect"],
    ["duplicate-key", "defect"],
    ["something-else", "defect"],
    [undefined, "defect"],
  ])("makes of %s: %s", (code, verdict) => {
    expect(verdictOf(code)).toBe(verdict);
  });
});
