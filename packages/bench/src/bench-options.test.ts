import { FLAVOURS } from "@understudy/protocol";
import { describe, expect, it } from "vitest";
import { parseBenchOptions, SUITES } from "./bench-options.ts";

describe("parseBenchOptions", () => {
  it("measures everything on both flavours by default", () => {
    expect(parseBenchOptions([])).toEqual({
      help: false,
      suites: SUITES,
      flavours: FLAVOURS,
      quick: false,
      rounds: 3,
      jsonFile: "bench-results.json",
    });
  });

  it("takes pnpm's separator, and the suites in their own order", () => {
    const options = parseBenchOptions(["--", "--only", "http,apply", "--flavour", "mysql", "--quick"]);
    expect(options).toMatchObject({ suites: ["apply", "http"], flavours: ["mysql"], quick: true, rounds: 1 });
  });

  it("lets rounds and file be named", () => {
    expect(parseBenchOptions(["--rounds", "7", "--json", "a.json"])).toMatchObject({
      rounds: 7,
      jsonFile: "a.json",
    });
  });

  it.each([
    ["--only", "speed"],
    ["--only", ""],
    ["--flavour", "postgres"],
    ["--rounds", "0"],
    ["--rounds", "two"],
    ["--fast"],
  ])("refuses %s %s", (...commandLine) => {
    expect(() => parseBenchOptions(commandLine)).toThrow(expect.objectContaining({ code: "config-invalid" }));
  });
});
