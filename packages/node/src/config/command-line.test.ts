import { expect, it } from "vitest";
import { parseCommandLine } from "./command-line.ts";

it("runs where nothing else is asked for, with the file that is named", () => {
  expect(parseCommandLine([], {})).toEqual({ kind: "run", configFile: null });
  expect(parseCommandLine([], { UNDERSTUDY_CONFIG_FILE: "" })).toEqual({ kind: "run", configFile: null });
  expect(parseCommandLine([], { UNDERSTUDY_CONFIG_FILE: "a" })).toEqual({ kind: "run", configFile: "a" });
  expect(parseCommandLine(["--config", "b"], { UNDERSTUDY_CONFIG_FILE: "a" })).toMatchObject({
    configFile: "b",
  });
  expect(parseCommandLine(["-c", "b", "--check-config"], {})).toEqual({
    kind: "check-config",
    configFile: "b",
  });
  expect(parseCommandLine(["--print-config"], {})).toEqual({ kind: "print-config", configFile: null });
  expect(parseCommandLine(["-h", "--check-config"], {})).toEqual({ kind: "help" });
  expect(parseCommandLine(["-v"], {})).toEqual({ kind: "version" });
});

it("takes nothing that it does not know", () => {
  for (const args of [["--port"], ["run"], ["--config"], ["--config="], ["--check-config", "--print-config"]])
    expect(parseCommandLine(args, {}).kind, args.join(" ")).toBe("mistake");
});
