import { describe, expect, it } from "vitest";
import { bankFaults } from "./bank-check.ts";
import { madeOperation } from "./made-operation.ts";

describe("bankFaults", () => {
  it("takes the one total, and totals without an answer", () => {
    const operations = [
      madeOperation({ kind: "total", value: 800 }),
      madeOperation({ kind: "total", value: null, outcome: "failed" }),
      madeOperation({ kind: "transfer", value: 5, outcome: "unknown" }),
    ];
    expect(bankFaults(operations, 800)).toEqual([]);
  });

  it("finds money that is missing or was made", () => {
    const operations = [
      madeOperation({ kind: "total", value: 795 }),
      madeOperation({ kind: "total", value: null }),
      madeOperation({ kind: "total", value: 805 }),
    ];
    expect(bankFaults(operations, 800)).toHaveLength(3);
  });
});
