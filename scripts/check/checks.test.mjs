// A check that passes in silence is worse than none: each one is run on a copy of this repository with one violation in it,
// and must fail and name the file.
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHECKS, runCheck } from "./checks.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let copy = "";

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "understudy check-"));
  // the tests are left out as well: without them the checks have half the work
  const left = new Set(["dist", ".turbo", ".git", ".understudy", "bench-results", "test"]);
  // docs/dashboard.md is drawn by what the dashboard's tests have recorded
  const kept = join(root, "apps/dashboard/test");
  await cp(root, copy, {
    recursive: true,
    verbatimSymlinks: true,
    // the packages' own node_modules are links that lead to each other and to the root's: they are copied as they are
    filter: (path) =>
      path !== join(root, "node_modules") &&
      (path === kept || !left.has(path.split("/").at(-1))) &&
      !/\.test\.tsx?$/.test(path),
  });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  git("init", "--quiet");
});

afterAll(() => rm(copy, { recursive: true, force: true }));

function git(...args) {
  const result = spawnSync("git", args, { cwd: copy, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
}

/**
 * One violation for each check, in a file of its own or appended to one that is there.
 * @type {Record<string, { path: string, text: string, append?: boolean, said: RegExp[] }[]>}
 */
const VIOLATIONS = {
  types: [
    {
      path: "packages/kernel/src/violation.ts",
      text: "export const count: number = [1][0];\n",
      said: [/packages\/kernel\/src\/violation\.ts.*TS2322/],
    },
  ],
  lint: [
    {
      path: "packages/kernel/src/violation.ts",
      text: `
        export function start(run: () => Promise<void>): void {
          run();
        }
        export async function end(run: () => Promise<void>): Promise<void> {
          try {
            return run();
          } finally {
            globalThis.gc?.();
          }
        }
        export function size(kind: "a" | "b"): number {
          switch (kind) {
            case "a":
              return 1;
          }
          return 2;
        }
        export const first = (list: readonly number[]): number => list[0]!;
        export const parsed: any = JSON.parse("1");
        console.log(parsed);
      `,
      said: [
        "no-floating-promises",
        "return-await",
        "switch-exhaustiveness-check",
        "no-non-null-assertion",
        "no-explicit-any",
        "no-console",
      ].map((rule) => new RegExp(`\\(${rule}\\)[^(]*packages/kernel/src/violation\\.ts`)),
    },
  ],
  format: [
    {
      path: "packages/kernel/src/violation.ts",
      text: "export const a = 'single'\n",
      said: [/packages\/kernel\/src\/violation\.ts/],
    },
  ],
  boundaries: [
    {
      path: "packages/kernel/src/violation.ts",
      text: 'export { ERROR_TABLE } from "@understudy/protocol";\n',
      said: [/cannot import package `@understudy\/protocol`[\s\S]*violation\.ts/],
    },
    {
      path: "packages/kernel/src/violation.ts",
      text: 'export { ERROR_TABLE } from "../../protocol/src/error-table.ts";\n',
      said: [/protocol\/src\/error-table\.ts[\s\S]*violation\.ts/],
    },
  ],
  "unused code": [
    {
      path: "packages/kernel/src/violation.ts",
      text: "export const lonely = 1;\n",
      said: [/Unused files[\s\S]*packages\/kernel\/src\/violation\.ts/],
    },
    {
      path: "packages/kernel/src/backoff.ts",
      text: "\nexport const lonely = 1;\n",
      append: true,
      said: [/Unused exports[\s\S]*lonely[\s\S]*packages\/kernel\/src\/backoff\.ts/],
    },
  ],
  "dependency versions": [
    {
      path: "packages/kernel/package.json",
      text: '{ "name": "@understudy/kernel", "private": true, "dependencies": { "vitest": "5.1.0" } }\n',
      said: [/vitest/],
    },
  ],
  "generated docs": [
    {
      path: "docs/error-codes.md",
      text: "edited by hand\n",
      append: true,
      said: [/docs\/error-codes\.md/],
    },
  ],
};

/** Puts a violation in, runs `use` and takes it out again, so that each one is the only one. */
async function withViolation({ path, text, append = false }, use) {
  const file = join(copy, path);
  const before = await readFile(file, "utf8").catch(() => null);
  await writeFile(file, append ? `${before}${text}` : text);
  try {
    return await use();
  } finally {
    if (before === null) await rm(file);
    else await writeFile(file, before);
  }
}

it("every check has a violation here", () => {
  expect(Object.keys(VIOLATIONS).toSorted()).toEqual(CHECKS.map(({ name }) => name).toSorted());
});

describe.each(CHECKS)("the check of $name", (check) => {
  it.each(VIOLATIONS[check.name] ?? [])("fails on a violation in $path", async (violation) => {
    const result = await withViolation(violation, () =>
      runCheck(check, { directory: copy, node: process.execPath }),
    );
    for (const said of violation.said) expect(result.output).toMatch(said);
    expect(result.ok).toBe(false);
  });
});

describe("boundaries, where package.json declares the dependency", () => {
  it.each([
    {
      from: "packages/kernel",
      to: "@understudy/node",
      said: [/`@understudy\/node`[\s\S]*`@understudy\/kernel`/],
    },
    {
      from: "packages/applier",
      to: "@understudy/client",
      said: [/`@understudy\/client`[\s\S]*`@understudy\/applier`/],
    },
    {
      from: "apps/master",
      to: "@understudy/sandbox",
      said: [/`@understudy\/sandbox`[\s\S]*`@understudy\/master`/],
    },
    {
      from: "packages/e2e",
      to: "@understudy/master",
      said: [/`@understudy\/e2e`[\s\S]*`@understudy\/master`/],
    },
  ])("still refuses $to in $from", async ({ from, to, said }) => {
    const path = `${from}/package.json`;
    const manifest = JSON.parse(await readFile(join(copy, path), "utf8"));
    const text = JSON.stringify({
      ...manifest,
      dependencies: { ...manifest.dependencies, [to]: "workspace:*" },
    });
    const check = CHECKS.find(({ name }) => name === "boundaries");
    const result = await withViolation({ path, text }, () =>
      runCheck(check, { directory: copy, node: process.execPath }),
    );
    for (const expected of said) expect(result.output).toMatch(expected);
    expect(result.ok).toBe(false);
  });
});

it("a check whose program is missing fails with the reason", async () => {
  const check = { name: "missing", command: ["no-such-program-of-understudy"] };
  const result = await runCheck(check, { directory: copy, node: process.execPath });
  expect(result.ok).toBe(false);
  expect(result.output).toContain("no-such-program-of-understudy could not be started");
});
