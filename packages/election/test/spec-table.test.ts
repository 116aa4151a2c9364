import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

const PACKAGES = new URL("../../", import.meta.url);
const FOLDERS = ["election/src", "election/test", "simulation/src"];
const TITLE = /["'`]((?:F\d+ ?)+): /g;
const ROW = /^\| (F\d+) +\| ([a-z-]+\.test\.ts(?:, [a-z-]+\.test\.ts)*) +\|$/gm;

/** By invariant, the test files with titles that name it. */
async function namedByTests(): Promise<Map<string, Set<string>>> {
  const named = new Map<string, Set<string>>();
  for (const folder of FOLDERS) {
    const files = await readdir(new URL(folder, PACKAGES));
    for (const file of files.filter((name) => name.endsWith(".test.ts"))) {
      const text = await readFile(new URL(`${folder}/${file}`, PACKAGES), "utf8");
      for (const [, invariants = ""] of text.matchAll(TITLE)) {
        for (const invariant of invariants.split(" ")) {
          named.set(invariant, (named.get(invariant) ?? new Set()).add(file));
        }
      }
    }
  }
  return named;
}

function asLines(table: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return [...table]
    .map(([invariant, files]) => `${invariant}: ${[...files].toSorted().join(", ")}`)
    .toSorted();
}

describe("SPEC.md", () => {
  it("names for each invariant the tests whose titles name it, and no others", async () => {
    const spec = await readFile(new URL("election/SPEC.md", PACKAGES), "utf8");
    const rows = new Map(
      [...spec.matchAll(ROW)].map(([, invariant = "", files = ""]) => [
        invariant,
        new Set(files.split(", ")),
      ]),
    );
    const named = await namedByTests();
    expect(asLines(rows)).toEqual(asLines(named));
    expect([...rows.keys()]).toEqual(expect.arrayContaining(["F1", "F2", "F3", "F7", "F8", "F9"]));
  });
});
