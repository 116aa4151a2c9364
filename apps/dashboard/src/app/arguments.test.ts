import { expect, test } from "vitest";
import { DEFAULT_NODES, readArguments } from "./arguments.ts";

test("without options it is live, on the nodes of a sandbox", () => {
  expect(readArguments([])).toEqual({
    kind: "live",
    nodes: DEFAULT_NODES,
    tokenFile: null,
    caFile: null,
    isReadOnly: false,
    keepsHistory: true,
    theme: null,
  });
});

test("nodes are named by URL or by host and port, once or more", () => {
  expect(readArguments(["--node", "http://a:1/", "--node=b:2", "--once"])).toMatchObject({
    kind: "once",
    nodes: ["http://a:1", "http://b:2"],
  });
  expect(readArguments(["--json", "--once"])).toMatchObject({ kind: "json" });
  expect(readArguments(["--once", "-h"])).toEqual({ kind: "help" });
});

test("themes and files are read, in both spellings", () => {
  const args = ["--theme=light", "--token-file", "t", "--ca-file=c", "--read-only"];
  expect(readArguments(args)).toMatchObject({
    theme: "light",
    tokenFile: "t",
    caFile: "c",
    isReadOnly: true,
  });
});

for (const [args, words] of [
  [["--frob"], "there is no option --frob"],
  [["-x"], "there is no option -x"],
  [["--frob=1"], "there is no option --frob"],
  [["extra"], `what is "extra" for?`],
  [["--node"], "--node needs a URL"],
  [["--node", "ftp://a"], "--node needs a URL"],
  [["--node", "http://a/path"], "--node needs a URL"],
  [["--once=yes"], "--once takes no value"],
  [["--theme"], "--theme needs a name"],
  [["--theme", "pink"], "--theme is one of dark, light, high-contrast, mono"],
  [["--token-file"], "--token-file needs a file"],
  [["--ca-file="], "--ca-file needs a file"],
] as const) {
  test(`${args.join(" ")} is one sentence about what is wrong`, () => {
    const command = readArguments(args);
    expect(command).toMatchObject({ kind: "wrong" });
    expect(JSON.stringify(command)).toContain(JSON.stringify(words).slice(1, -1));
    expect(JSON.stringify(command)).not.toContain("\\n");
  });
}
