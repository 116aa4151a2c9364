import { describe, expect, it } from "vitest";
import { isForwardingKey, newForwardingKey, parseIdempotencyKey } from "./idempotency-key.ts";

describe("parseIdempotencyKey", () => {
  it("takes 1 to 255 visible ASCII characters as they are", () => {
    for (const key of ["a", "!~", "A".repeat(255), "8e03978e-40d5-43e8-bc93-6894a57f9324"]) {
      expect(parseIdempotencyKey(key)).toBe(key);
    }
    expect(parseIdempotencyKey(undefined)).toBeNull();
  });

  it.each(["", " ", "a b", "a\tb", "é", "\u0000", "a\u007f", "A".repeat(256), ["a", "b"]])(
    "refuses %j",
    (key) => {
      expect(() => parseIdempotencyKey(key)).toThrow(
        expect.objectContaining({ code: "invalid-request", details: { parameter: "idempotency-key" } }),
      );
    },
  );
});

describe("newForwardingKey", () => {
  it("makes keys that differ, are keys, and are known for what they are", () => {
    const keys = new Set(Array.from({ length: 100 }, newForwardingKey));
    expect(keys.size).toBe(100);
    for (const key of keys) {
      expect(parseIdempotencyKey(key)).toBe(key);
      expect(isForwardingKey(key)).toBe(true);
    }
    expect(isForwardingKey("order-7")).toBe(false);
  });
});
