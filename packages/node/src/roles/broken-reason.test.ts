import { describe, expect, test } from "vitest";
import { brokenReason } from "./broken-reason.ts";

describe("why an applier is broken", () => {
  const broken = {
    kind: "broken",
    gtid: "0-1-7",
    error: "Duplicate entry '1'",
    errno: 1062,
    isDivided: false,
  } as const;

  test("names transaction, table and the server's words", () => {
    expect(brokenReason({ ...broken, table: "d.t" })).toBe("transaction 0-1-7 on d.t: Duplicate entry '1'");
    expect(brokenReason({ ...broken, table: null })).toBe("transaction 0-1-7: Duplicate entry '1'");
  });

  test("is nothing where it is not", () => {
    expect(brokenReason({ kind: "idle" })).toBeNull();
    expect(brokenReason({ kind: "applying" })).toBeNull();
  });
});
