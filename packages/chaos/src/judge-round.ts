import { linearizabilityFaults, REGISTER_INITIAL } from "@understudy/e2e";
import { messageOf } from "@understudy/kernel";
import type { DrillCluster } from "./drill-cluster.ts";
import { checkFinalState, type FinalState } from "./final-check.ts";
import { longestGap } from "./gaps.ts";
import { leadFaults, type LeadSample } from "./lead-check.ts";
import { awaitLeader } from "./lead-sampler.ts";
import { quarantinedIds } from "./quarantined-ids.ts";
import type { RoundPlan } from "./round-plan.ts";
import type { RoundResult } from "./round-result.ts";
import { tellSlowWrites } from "./slow-writes.ts";
import type { Timeline } from "./timeline.ts";
import { violationsOf } from "./violations.ts";
import type { AckMode } from "./write-client.ts";

/** What is known when a round's clients have ended. */
export interface EndedRound {
  readonly plan: RoundPlan;
  readonly hit: string | null;
  /** Monotonic: from the fault to the end of the clients. */
  readonly beganMs: number;
  readonly endedMs: number;
  readonly samples: readonly LeadSample[];
  /** See {@link RoundResult.outside}. */
  readonly outside: readonly string[];
  /** What has gone wrong so far, in sentences. */
  readonly problems: readonly string[];
}

/** Checks everything that was promised, and puts what it finds into the timeline. */
export async function judgeRound(
  drill: DrillCluster,
  ended: EndedRound,
  timeline: Timeline,
): Promise<Omit<RoundResult, "timeline">> {
  const { cluster, log, history } = drill;
  const { plan, beganMs, endedMs, outside, hit } = ended;
  const { fault, ack } = plan;
  const records = log.since(beganMs);
  const gap = longestGap(log.records, { fromMs: beganMs, untilMs: endedMs });
  const final = await finalState(drill, outside, ack);
  tellFindings(timeline, { gap, drill, final, beganMs });
  const countOf = (outcome: string): number => records.filter((record) => record.outcome === outcome).length;
  const retried = records.filter(({ failures }) => failures.length > 0);
  const masters = leadFaults(fault.isWild ? [] : ended.samples, records);
  const quarantined = "problem" in final ? [] : final.quarantined;
  const sound = "problem" in final ? null : final;
  return {
    round: plan.round,
    flavour: cluster.flavour,
    seed: plan.seed,
    fault: fault.name,
    target: fault.isTargeted ? plan.target : null,
    hit,
    during: plan.during,
    gapMs: gap.lengthMs,
    gapAfterMs: gap.fromMs - beganMs,
    confirmed: countOf("confirmed"),
    unconfirmed: countOf("unconfirmed"),
    keptUnconfirmed: sound?.keptUnconfirmed.length ?? 0,
    failed: countOf("refused"),
    retried: retried.length,
    lost: sound?.lost.length ?? 0,
    quarantined: quarantined.length,
    doubled: sound?.doubled.length ?? 0,
    twoMasters: masters.length,
    outside,
    violations: violationsOf({
      problems: [...ended.problems, ...("problem" in final ? [final.problem] : [])],
      defects: log.defects,
      masters,
      final: sound,
      registers: ack === "majority" ? linearizabilityFaults(history.operations, REGISTER_INITIAL) : [],
      outside,
      plannedFailures: fault.isPlanned && plan.during === "load" ? retried : [],
    }),
  };
}

/** What the cluster holds, or why that can't be told. */
type Final = (FinalState & { readonly quarantined: readonly string[] }) | { readonly problem: string };

async function finalState(
  { cluster, log }: DrillCluster,
  outside: readonly string[],
  ack: AckMode,
): Promise<Final> {
  try {
    const leader = await awaitLeader(cluster.nodes);
    const inside = cluster.nodes.filter(
      (node) => node !== leader && !outside.some((words) => words.startsWith(`${node.nodeId} `)),
    );
    const state = await checkFinalState({ cluster, leader, inside, records: log.records });
    if (ack === "majority" || state.lost.length === 0) return { ...state, quarantined: [] };
    // what no slave had to have may be lost to the history, but not without a trace
    const kept = await quarantinedIds(cluster, { asked: leader, wanted: state.lost });
    return {
      ...state,
      lost: state.lost.filter((id) => !kept.has(id)),
      quarantined: state.lost.filter((id) => kept.has(id)),
    };
  } catch (error) {
    return { problem: `the final state could not be checked: ${messageOf(error)}` };
  }
}

function tellFindings(
  timeline: Timeline,
  found: {
    readonly gap: ReturnType<typeof longestGap>;
    readonly drill: DrillCluster;
    readonly final: Final;
    readonly beganMs: number;
  },
): void {
  const { gap, final, beganMs } = found;
  const { log } = found.drill;
  timeline.tellAt(
    gap.fromMs,
    `the longest gap begins: ${gap.lengthMs.toFixed(0)} ms without a confirmed write`,
  );
  timeline.tellAt(gap.fromMs + gap.lengthMs, "the longest gap ends");
  tellSlowWrites(timeline, log.since(beganMs));
  const lost = "problem" in final ? [] : final.lost;
  for (const { id, epoch, returnedMs, invokedMs } of log.records.filter((record) =>
    lost.includes(record.id),
  )) {
    const tookMs = (returnedMs - invokedMs).toFixed(0);
    timeline.tellAt(returnedMs, `LOST ${id}, confirmed in epoch ${epoch} after ${tookMs} ms`);
  }
}
