import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom, systemClock } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { ChaosOptions } from "./chaos-options.ts";
import { openDrillCluster, type DrillCluster } from "./drill-cluster.ts";
import { lackFor } from "./equipment.ts";
import { FAULTS_OF_WALKS } from "./fault-list.ts";
import type { Fault } from "./fault.ts";
import { plansOf } from "./plans.ts";
import type { RoundResult } from "./round-result.ts";
import { nameOf } from "./result-table.ts";
import type { RoundPlan } from "./round-plan.ts";
import { runRound } from "./run-round.ts";

/** How a run tells of itself. */
export interface DrillsCall {
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Runs all rounds, each flavour's on one cluster as long as that stays sound, and writes a timeline for each. */
export async function runDrills(options: ChaosOptions, call: DrillsCall): Promise<readonly RoundResult[]> {
  await mkdir(options.directory, { recursive: true });
  const results: RoundResult[] = [];
  for (const flavour of options.flavours) await runFlavour(flavour, { options, call, results });
  return results;
}

async function runFlavour(
  flavour: Flavour,
  run: { readonly options: ChaosOptions; readonly call: DrillsCall; readonly results: RoundResult[] },
): Promise<void> {
  const { options, call, results } = run;
  const endMs =
    options.minutes === null
      ? Number.POSITIVE_INFINITY
      : systemClock.monotonicMs() + options.minutes * 60_000;
  const faults = faultsFor(options, call);
  if (faults.length === 0) return;
  // what need not go through proxies does not: they cost time
  const needs = [...new Set(faults.flatMap((fault) => fault.needs ?? []))];
  let drill: DrillCluster | null = null;
  try {
    for (const plan of plansOf({ ...options, faults: options.faults.length === 0 ? [] : faults })) {
      if (call.signal.aborted || systemClock.monotonicMs() > endMs) break;
      drill ??= await openDrillCluster({
        flavour,
        needs,
        random: seededRandom(plan.seed),
        broken: options.broken,
        logLevel: options.debug ? "debug" : "info",
      });
      const result = await runOne(drill, plan, { directory: options.directory, call });
      results.push(result);
      tellResult(result, call);
      if (result.violations.length > 0 && options.broken !== null) return;
      // what is wrong now would be found again and again
      if (result.violations.length > 0) {
        const broken = drill;
        drill = null;
        await broken[Symbol.asyncDispose]();
      }
    }
  } finally {
    await drill?.[Symbol.asyncDispose]();
  }
}

/** Those that are named, or may come on a walk, but for what can't happen on this machine. */
function faultsFor({ faults }: ChaosOptions, { tell }: DrillsCall): readonly Fault[] {
  return (faults.length === 0 ? FAULTS_OF_WALKS : faults).filter((fault) => {
    const lack = lackFor(fault);
    if (lack !== null) tell(`${fault.name} is left out: ${lack}`);
    return lack === null;
  });
}

async function runOne(
  drill: DrillCluster,
  plan: RoundPlan,
  { directory, call }: { readonly directory: string; readonly call: DrillsCall },
): Promise<RoundResult> {
  const { result, timeline } = await runRound(drill, plan, call.signal);
  const file = `${result.flavour}-${String(plan.round).padStart(3, "0")}-${result.fault}.txt`;
  const head = [
    `${nameOf({ ...result, timeline: file })} on ${result.flavour}, seed ${plan.seed}`,
    ...result.violations.map((violation) => `VIOLATION ${violation}`),
  ];
  await writeFile(join(directory, file), `${[...head, ...timeline].join("\n")}\n`);
  return { ...result, timeline: file };
}

function tellResult(result: RoundResult, { tell }: DrillsCall): void {
  const { flavour, round, hit, gapMs, gapAfterMs, confirmed, unconfirmed, failed, retried } = result;
  tell(
    `${flavour} ${round}: ${nameOf(result)}${hit === null ? "" : ` (${hit})`}: gap ${(gapMs / 1000).toFixed(2)} s, ` +
      `${(gapAfterMs / 1000).toFixed(2)} s after it; ${confirmed} confirmed, ${unconfirmed} unconfirmed, ${failed} failed, ${retried} retried`,
  );
  for (const violation of result.violations) tell(`  VIOLATION ${violation.slice(0, 1_000)}`);
}
