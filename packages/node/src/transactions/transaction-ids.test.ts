import { VirtualClock } from "@understudy/kernel";
import { describe, expect, it } from "vitest";
import { OUTCOME_KEPT_MS, TransactionIds } from "./transaction-ids.ts";

const NOT_FOUND = expect.objectContaining({ code: "not-found" });
const secret = new Uint8Array(32).fill(7);

describe("ids of interactive transactions", () => {
  it("are told by every node that has the secret, and differ", () => {
    const clock = new VirtualClock(1_000_000);
    const issuer = new TransactionIds(secret, clock);
    const other = new TransactionIds(secret, clock);
    const issued = Array.from({ length: 100 }, () => issuer.issue());
    expect(new Set(issued).size).toBe(100);
    for (const id of issued) expect(() => other.check(id)).not.toThrow();
  });

  it("are not found under another secret", () => {
    const clock = new VirtualClock(1_000_000);
    const id = new TransactionIds(secret, clock).issue();
    const other = new TransactionIds(new Uint8Array(32).fill(8), clock);
    expect(() => other.check(id)).toThrow(NOT_FOUND);
  });

  it("are not found where any character was changed, or the text is no id at all", () => {
    const ids = new TransactionIds(secret, new VirtualClock(1_000_000));
    const id = ids.issue();
    for (let at = 0; at < id.length; at++) {
      const changed = `${id.slice(0, at)}${id[at] === "A" ? "B" : "A"}${id.slice(at + 1)}`;
      expect(() => ids.check(changed), changed).toThrow(NOT_FOUND);
    }
    for (const text of [
      "",
      "1",
      id.slice(1),
      `${id}A`,
      "é".repeat(52),
      "A".repeat(52),
      `${id.slice(0, 51)}=`,
    ]) {
      expect(() => ids.check(text), text).toThrow(NOT_FOUND);
    }
  });

  it("are not found after a day, when their outcome is kept no longer", async () => {
    const clock = new VirtualClock(1_000_000);
    const ids = new TransactionIds(secret, clock);
    const id = ids.issue();
    await clock.advance(OUTCOME_KEPT_MS);
    expect(() => ids.check(id)).not.toThrow();
    await clock.advance(1);
    expect(() => ids.check(id)).toThrow(NOT_FOUND);
  });
});
