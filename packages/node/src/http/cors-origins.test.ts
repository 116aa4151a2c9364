import { describe, expect, it } from "vitest";
import { createOriginCheck } from "./cors-origins.ts";

describe("the check of an origin", () => {
  it("lets pages of this machine in by default, and nobody else", () => {
    const isAllowed = createOriginCheck(["loopback"]);
    expect(isAllowed("http://localhost:3000")).toBe(true);
    expect(isAllowed("http://127.0.0.1")).toBe(true);
    expect(isAllowed("http://[::1]:5173")).toBe(true);
    expect(isAllowed("https://localhost.evil.example")).toBe(false);
    expect(isAllowed("http://evil.example")).toBe(false);
    expect(isAllowed("null")).toBe(false);
    expect(isAllowed(undefined)).toBe(false);
  });

  it("takes origins as they are written, any with a star, none otherwise", () => {
    const isAllowed = createOriginCheck(["https://app.example"]);
    expect(isAllowed("https://app.example")).toBe(true);
    expect(isAllowed("http://app.example")).toBe(false);
    expect(isAllowed("http://localhost:3000")).toBe(false);
    expect(createOriginCheck(["*"])("http://evil.example")).toBe(true);
    expect(createOriginCheck(["none"])("http://localhost:3000")).toBe(false);
  });
});
