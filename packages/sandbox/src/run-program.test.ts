import { afterEach, describe, expect, it, vi } from "vitest";
import { parseOptions } from "./command-line.ts";
import { runProgram } from "./run-program.ts";

describe("runProgram", () => {
  const program = {
    parse: (commandLine: readonly string[]) => ({
      help: false,
      fail: false,
      ...parseOptions(commandLine, { help: { type: "boolean" }, fail: { type: "boolean" } }),
    }),
    help: "the help\n",
    run: async ({ fail }: { readonly fail: boolean }) => {
      if (fail) throw new Error("it rains");
      return 0;
    },
  };

  afterEach(() => void vi.restoreAllMocks());

  it.each([
    [[], 0, "", ""],
    [["--help"], 0, "the help\n", ""],
    [["--hlep"], 2, "", "Unknown option '--hlep'; see --help\n"],
    [["--fail"], 1, "", expect.stringMatching(/^\d\d:\d\d:\d\d it rains\n$/)],
  ] as const)("ends %j with %i", async (commandLine, exitCode, out, told) => {
    const stdout = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await runProgram(program, commandLine)).toBe(exitCode);
    expect(stdout.mock.calls.join("")).toBe(out);
    expect(stderr.mock.calls.join("")).toEqual(told);
  });
});
