import { describe, expect, it } from "vitest";
import { createHostCheck } from "./host-check.ts";

const check = createHostCheck({
  host: "10.0.0.5",
  advertisedUrl: "http://db.example:8083",
  allowedHosts: ["proxy.example"],
});

describe("the check of a request's Host", () => {
  it.each([
    "localhost:8083",
    "127.0.0.1",
    "127.8.9.1:1",
    "[::1]:8083",
    "10.0.0.5:8083",
    "DB.example",
    "proxy.example:443",
  ])("accepts %s", (host) => {
    expect(() => check(host)).not.toThrow();
  });

  it.each(["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8083", "", "a b", undefined])(
    "refuses %s",
    (host) => {
      expect(() => check(host)).toThrow(expect.objectContaining({ code: "forbidden" }));
    },
  );

  it("accepts anything where that was asked for", () => {
    const any = createHostCheck({ host: "h", advertisedUrl: "http://h:1", allowedHosts: ["*"] });
    expect(() => any("evil.example")).not.toThrow();
  });
});
