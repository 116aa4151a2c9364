import { describe, expect, it } from "vitest";
import { createOriginCheck } from "./cors-origins.ts";
import { createOriginGuard } from "./origin-guard.ts";

const guard = createOriginGuard(createOriginCheck(["https://app.example"]));
const host = "node.example:8083";

describe("the guard against pages of foreign origins", () => {
  it.each([
    ["POST", undefined],
    ["POST", "https://app.example"],
    ["DELETE", "http://node.example:8083"],
    ["GET", "https://evil.example"],
    ["HEAD", "https://evil.example"],
    ["OPTIONS", "https://evil.example"],
  ])("lets %s of %s pass", (method, origin) => {
    expect(() => guard({ method, headers: { host, origin } })).not.toThrow();
  });

  it.each([
    ["POST", "https://evil.example"],
    ["POST", "null"],
    ["POST", ""],
    ["DELETE", "http://node.example:8084"],
    ["PATCH", "http://node.example"],
    ["POST", "http://app.example"],
  ])("refuses %s of %s", (method, origin) => {
    expect(() => guard({ method, headers: { host, origin } })).toThrow(
      expect.objectContaining({ code: "forbidden" }),
    );
  });
});
