import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseStartOptions } from "./start-options.ts";

describe("the command line of npm start", () => {
  it("has defaults for everything", () => {
    expect(parseStartOptions([])).toEqual({
      help: false,
      port: 8083,
      slaves: null,
      flavour: null,
      etcd: null,
      directory: ".understudy",
      fresh: false,
      json: false,
    });
  });

  it("takes each option in both notations", () => {
    expect(
      parseStartOptions([
        "--port=9000",
        "--slaves",
        "0",
        "--flavour=mysql",
        "--etcd=3",
        "--dir",
        "/data/x",
        "--fresh",
        "--json",
      ]),
    ).toEqual({
      help: false,
      port: 9000,
      slaves: 0,
      flavour: "mysql",
      etcd: 3,
      directory: "/data/x",
      fresh: true,
      json: true,
    });
    expect(parseStartOptions(["-h"]).help).toBe(true);
    expect(parseStartOptions(["--no-etcd"]).etcd).toBe(0);
  });

  it.each([
    [["--prot", "80"], "Unknown option '--prot'; see --help"],
    [["--port", "80x"], '--port takes a whole number from 1 to 65535, not "80x"'],
    [["--port", "0"], '--port takes a whole number from 1 to 65535, not "0"'],
    [["--port", ""], '--port takes a whole number from 1 to 65535, not ""'],
    [["--slaves", "17"], '--slaves takes a whole number from 0 to 16, not "17"'],
    [
      ["--slaves", "-1"],
      "Option '--slaves' needs a value (with a = before one that begins with a dash); see --help",
    ],
    [["--slaves=-1"], '--slaves takes a whole number from 0 to 16, not "-1"'],
    [["--etcd", "x"], '--etcd takes a whole number from 0 to 5, not "x"'],
    [["--flavour", "postgres"], '--flavour takes mariadb or mysql, not "postgres"'],
    [["here"], "Unexpected argument 'here'; see --help"],
    [["--json=yes"], "Option '--json' does not take an argument; see --help"],
  ])("refuses %j in one sentence", (commandLine, sentence) => {
    expect(() => parseStartOptions(commandLine)).toThrow(
      expect.objectContaining({ code: "config-invalid", message: sentence }),
    );
  });

  it("is described in the usage text, option by option", () => {
    const usage = readFileSync(new URL("./usage.txt", import.meta.url), "utf8");
    const described = usage.match(/^ {2}--[a-z-]+/gm)?.map((line) => line.trim());
    expect(described).toEqual([
      "--port",
      "--slaves",
      "--flavour",
      "--etcd",
      "--no-etcd",
      "--dir",
      "--fresh",
      "--json",
      "--help",
    ]);
  });
});
