import { describe, expect, it } from "vitest";
import { CodedError, invariant, isCodedError, messageOf, toError } from "./coded-error.ts";

describe("CodedError", () => {
  it("carries code, message, details and cause", () => {
    const cause = new Error("below");
    const error = new CodedError("too-stale", "4 s behind", { details: { lagMs: 4_000 }, cause });
    expect(error).toMatchObject({
      name: "CodedError",
      code: "too-stale",
      message: "4 s behind",
      details: { lagMs: 4_000 },
      cause,
    });
  });

  it("has empty details and no cause unless they are given", () => {
    const error = new CodedError("timeout", "late");
    expect(error.details).toEqual({});
    expect("cause" in error).toBe(false);
  });
});

describe("isCodedError", () => {
  it("tells coded errors from others, and codes from each other", () => {
    const error: unknown = new CodedError("timeout", "late");
    expect(isCodedError(error)).toBe(true);
    expect(isCodedError(error, "timeout")).toBe(true);
    expect(isCodedError(error, "deadlock")).toBe(false);
    expect(isCodedError(Object.assign(new Error("late"), { code: "timeout" }))).toBe(false);
    expect(isCodedError(undefined)).toBe(false);
  });
});

describe("invariant", () => {
  it("throws `internal` where it does not hold, and nothing where it does", () => {
    invariant(1, "fine");
    expect(() => invariant(0, "cursor is ahead")).toThrow(
      expect.objectContaining({ code: "internal", message: "broken invariant: cursor is ahead" }),
    );
  });
});

describe("messageOf and toError", () => {
  it("make something readable of whatever was thrown", () => {
    const error = new Error("plain");
    expect(messageOf(error)).toBe("plain");
    expect(messageOf("text")).toBe("text");
    expect(messageOf(null)).toBe("null");
    expect(toError(error)).toBe(error);
    expect(toError("text")).toBeInstanceOf(Error);
    expect(toError("text").message).toBe("text");
  });
});
