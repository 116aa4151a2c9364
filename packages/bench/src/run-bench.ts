import { messageOf } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { runAcksSuite } from "./acks-suite.ts";
import { runAfterSuite } from "./after-suite.ts";
import { runApplySuite } from "./apply-suite.ts";
import type { BenchOptions, SuiteName } from "./bench-options.ts";
import { runHttpSuite } from "./http-suite.ts";
import { runKeysSuite } from "./keys-suite.ts";
import { runLagSuite } from "./lag-suite.ts";
import type { SuiteResult } from "./measurement.ts";
import { runMemorySuite } from "./memory-suite.ts";
import { FULL_SCALE, QUICK_SCALE } from "./scale.ts";
import type { Suite } from "./suite.ts";
import { openTestbed } from "./testbed.ts";

const RUNNERS: Readonly<Record<SuiteName, Suite>> = {
  apply: runApplySuite,
  lag: runLagSuite,
  memory: runMemorySuite,
  http: runHttpSuite,
  acks: runAcksSuite,
  after: runAfterSuite,
  keys: runKeysSuite,
};

/** What one suite gave on one flavour. */
export interface BenchResult extends SuiteResult {
  readonly flavour: Flavour;
  readonly version: string;
  readonly suite: SuiteName;
  readonly tookMs: number;
}

/** How a run is watched and ended. */
export interface BenchControl {
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Runs everything that the options name. A suite or flavour that fails is a result with a problem; the others go on. */
export async function runBench(
  options: BenchOptions,
  control: BenchControl,
): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = [];
  for (const flavour of options.flavours) {
    try {
      await runFlavour(flavour, options, { ...control, onResult: (result) => results.push(result) });
    } catch (error) {
      const [suite = "apply"] = options.suites;
      results.push({
        flavour,
        version: "",
        suite,
        tookMs: 0,
        ...failed(`did not start or stop: ${messageOf(error)}`),
      });
    }
    if (control.signal.aborted) break;
  }
  return results;
}

async function runFlavour(
  flavour: Flavour,
  options: BenchOptions,
  control: BenchControl & { readonly onResult: (result: BenchResult) => void },
): Promise<void> {
  const { signal, tell } = control;
  tell(`${flavour}: starting servers and nodes`);
  await using bed = await openTestbed(flavour, signal);
  tell(`${flavour} ${bed.version}: ready`);
  const scale = options.quick ? QUICK_SCALE : FULL_SCALE;
  for (const suite of options.suites) {
    if (signal.aborted) return;
    const startedMs = performance.now();
    let result: SuiteResult;
    try {
      for (const replica of bed.replicas) await replica.rest();
      result = await RUNNERS[suite](bed, { scale, rounds: options.rounds, signal, tell });
    } catch (error) {
      result = failed(signal.aborted ? messageOf(signal.reason) : messageOf(error));
    }
    const tookMs = performance.now() - startedMs;
    tell(`${flavour}, ${suite}: ${(tookMs / 1000).toFixed(0)} s`);
    control.onResult({ flavour, version: bed.version, suite, tookMs, ...result });
  }
}

function failed(problem: string): SuiteResult {
  return { comparisons: [], observations: [], problems: [problem] };
}
