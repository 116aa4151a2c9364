import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes longest begins first, so that no worker is left alone with it at the end. Vitest itself goes by the size of files. */
const LONGEST_FIRST = [
  /\/(packages\/(chaos|simulation)|scripts)\//,
  /\.e2e\.test\./,
  /\.integration\.test\./,
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    return bySize.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST_FIRST.findIndex((kind) => kind.test(moduleId));
  return rank === -1 ? LONGEST_FIRST.length : rank;
}

/** Beside their sources: no servers, no processes, nothing that a file could leave to the next. */
const PURE = ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.{ts,tsx}"];
/** Pure as well, but minutes of work for a worker of its own that begins early. */
const SIMULATION = "packages/simulation/src/**/*.test.ts";

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "real",
          include: [
            SIMULATION,
            "scripts/**/*.test.mjs",
            "packages/*/test/**/*.test.ts",
            "apps/*/test/**/*.test.{ts,tsx}",
          ],
        },
      },
      {
        extends: true,
        // one after another in a process that has imported most of it already: a third of the processor time that one process for each takes
        test: {
          name: "pure",
          include: PURE,
          exclude: [...configDefaults.exclude, SIMULATION],
          isolate: false,
        },
      },
    ],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // the default is a second, which a busy machine may need to answer once
    expect: { poll: { timeout: 30_000 } },
    retry: 0,
    sequence: { sequencer: LongestFirst },
    // advice on speed: the count must be the last that a run says
    experimental: { diagnostics: false },
  },
});
