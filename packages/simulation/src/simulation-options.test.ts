import { describe, expect, it } from "vitest";
import { FAULT_NAMES } from "./faults.ts";
import { HELP, parseSimulationOptions, replayOf } from "./simulation-options.ts";

describe("parseSimulationOptions", () => {
  it("plays one seed by default, with all rules kept", () => {
    expect(parseSimulationOptions([])).toEqual({
      help: false,
      seed: 1,
      seeds: 1,
      flavour: "mysql",
      broken: null,
      focus: null,
      log: false,
    });
  });

  it.each([
    [["--seed", "x"], '--seed takes a whole number from 0 to 2147483648, not "x"'],
    [["--seed=-1"], '--seed takes a whole number from 0 to 2147483648, not "-1"'],
    [["--seeds", "0"], '--seeds takes a whole number from 1 to 10000000, not "0"'],
    [["--seeds", "1e3"], '--seeds takes a whole number from 1 to 10000000, not "1e3"'],
    [["--flavour", "postgres"], '--flavour takes mysql or mariadb, not "postgres"'],
    [["--broken", "fences"], expect.stringMatching(/^--broken takes fence, .* or promises, not "fences"$/)],
    [["--focus", "rain"], expect.stringMatching(/^--focus takes crashProcess, .*, not "rain"$/)],
    [["--sed", "1"], "Unknown option '--sed'; see --help"],
  ])("refuses %j in one sentence", (commandLine, message) => {
    expect(() => parseSimulationOptions(commandLine)).toThrow(
      expect.objectContaining({ code: "config-invalid", message }),
    );
  });

  it("has each fault in its help", () => {
    for (const name of FAULT_NAMES) expect(HELP).toContain(name);
  });

  it("says how to play a seed again so that it is read as it was", () => {
    const commandLine = ["--seeds", "9", "--flavour", "mariadb", "--broken", "quorum", "--focus", "relay"];
    const options = parseSimulationOptions(commandLine);
    const [, , ...replay] = replayOf(12, options).split(" ");
    expect(parseSimulationOptions(replay)).toEqual({ ...options, seed: 12, seeds: 1 });
  });
});
