import { linearizabilityFaults, REGISTER_INITIAL, type ClusterNode } from "@understudy/e2e";
import { messageOf, seededRandom, systemClock, type Random } from "@understudy/kernel";
import { convergence } from "./convergence.ts";
import type { DrillCluster } from "./drill-cluster.ts";
import type { Fault, FaultSite, Heal, Target } from "./fault.ts";
import { checkFinalState } from "./final-check.ts";
import { longestGap } from "./gaps.ts";
import { leadFaults } from "./lead-check.ts";
import { findLeader, LeadSampler } from "./lead-sampler.ts";
import { beginSwitchover } from "./planned-faults.ts";
import { RegisterWorkload } from "./register-workload.ts";
import type { RoundResult } from "./round-result.ts";
import { SetWorkload } from "./set-workload.ts";
import { tellSlowWrites } from "./slow-writes.ts";
import { Timeline } from "./timeline.ts";
import { violationsOf } from "./violations.ts";
import type { AckMode } from "./write-client.ts";
import type { WriteLog } from "./write-record.ts";

/** One round of a drill. */
export interface RoundPlan {
  readonly round: number;
  readonly seed: number;
  readonly fault: Fault;
  readonly target: Target;
  readonly during: "load" | "switchover";
  readonly ack: AckMode;
}

const WARM_UP_MS = 1_500;
const CONFIRM_MS = 30_000;
/** How long a fault may keep all writes from going on before it is healed all the same. */
const HOLD_MS_MAX = 20_000;
const AFTER_MS = 1_000;
const POLL_MS = 20;
/** Most of a switchover happens in this time. */
const SWITCHOVER_LEAD_MS = 120;

/** What happened in a round, for the report, and what was logged. */
export interface RoundOutcome {
  readonly result: Omit<RoundResult, "timeline">;
  readonly timeline: readonly string[];
}

/** Lets clients work, brings the fault, heals it, waits until all is well again, and checks everything that was promised. */
export async function runRound(
  drill: DrillCluster,
  plan: RoundPlan,
  signal: AbortSignal,
): Promise<RoundOutcome> {
  const { cluster, log, history } = drill;
  const { fault, ack, round } = plan;
  const name = `r${round}`;
  const random = seededRandom(plan.seed);
  const leader = await leaderOf(cluster.nodes);
  const target = targetOf(plan, { leader, nodes: cluster.nodes, random });
  const timeline = await Timeline.begin(cluster.nodes);
  const tell = (sentence: string): void => timeline.tell(sentence);
  const site: FaultSite = { cluster, target, leader, random, signal, tell };
  const problems: string[] = [];

  const workloads = new AsyncDisposableStack();
  const sampler = workloads.use(new LeadSampler(cluster.nodes));
  workloads.use(new SetWorkload({ nodes: cluster.nodes, log, ack, name }));
  if (ack === "majority") {
    workloads.use(new RegisterWorkload({ nodes: cluster.nodes, history, log, name, seed: plan.seed }));
  }
  let beganMs = systemClock.monotonicMs();
  let outside: readonly string[] = [];
  try {
    await confirmsAfter(log, beganMs, signal);
    await systemClock.sleep(WARM_UP_MS, signal);
    if (plan.during === "switchover") await startSwitchover(site);
    beganMs = systemClock.monotonicMs();
    await lastThrough(site, { plan, log, problems });
    outside = await convergence(cluster.nodes, signal);
    tell(outside.length === 0 ? "all nodes are well" : `not all came back: ${outside.join("; ")}`);
    if (!(await confirmsAfter(log, systemClock.monotonicMs(), signal))) {
      problems.push(`no write was confirmed within ${CONFIRM_MS / 1000} s after everything was healed`);
    }
    await systemClock.sleep(AFTER_MS, signal);
  } finally {
    await workloads.disposeAsync();
  }
  const endedMs = systemClock.monotonicMs();
  const records = log.since(beganMs);
  const gap = longestGap(log.records, { fromMs: beganMs, untilMs: endedMs });
  timeline.tellAt(
    gap.fromMs,
    `the longest gap begins: ${gap.lengthMs.toFixed(0)} ms without a confirmed write`,
  );
  timeline.tellAt(gap.fromMs + gap.lengthMs, "the longest gap ends");
  const masters = leadFaults(sampler.samples, records);
  const final = await finalState(drill, outside, problems);
  const failed = records.filter(({ outcome }) => outcome === "refused");
  const retried = records.filter(({ failures }) => failures.length > 0);
  tellSlowWrites(timeline, records);
  for (const record of log.records.filter(({ id }) => final?.lost.includes(id))) {
    const { id, epoch, returnedMs, invokedMs } = record;
    const tookMs = (returnedMs - invokedMs).toFixed(0);
    timeline.tellAt(returnedMs, `LOST ${id}, confirmed in epoch ${epoch} after ${tookMs} ms`);
  }
  const result: Omit<RoundResult, "timeline"> = {
    round,
    flavour: cluster.flavour,
    seed: plan.seed,
    fault: fault.name,
    target: fault.isTargeted ? plan.target : null,
    hit: fault.isTargeted ? target.nodeId : null,
    during: plan.during,
    gapMs: gap.lengthMs,
    gapAfterMs: gap.fromMs - beganMs,
    confirmed: records.filter(({ outcome }) => outcome === "confirmed").length,
    unconfirmed: records.filter(({ outcome }) => outcome === "unconfirmed").length,
    keptUnconfirmed: final?.keptUnconfirmed.length ?? 0,
    failed: failed.length,
    retried: retried.length,
    lost: final?.lost.length ?? 0,
    doubled: final?.doubled.length ?? 0,
    twoMasters: masters.length,
    outside,
    violations: violationsOf({
      problems,
      defects: log.defects,
      masters,
      final,
      registers: ack === "majority" ? linearizabilityFaults(history.operations, REGISTER_INITIAL) : [],
      outside,
      plannedFailures: fault.isPlanned && plan.during === "load" ? retried : [],
    }),
  };
  return { result, timeline: await timeline.lines() };
}

async function startSwitchover(site: FaultSite): Promise<void> {
  await beginSwitchover(site);
  await systemClock.sleep(site.random() * SWITCHOVER_LEAD_MS, site.signal);
}

/** Brings the fault and heals it when it has lasted long enough and writes go on, or when that takes too long. */
async function lastThrough(
  site: FaultSite,
  { plan, log, problems }: { readonly plan: RoundPlan; readonly log: WriteLog; readonly problems: string[] },
): Promise<void> {
  const { fault } = plan;
  const beganMs = systemClock.monotonicMs();
  const at = fault.isTargeted ? ` at ${site.target.nodeId}` : "";
  site.tell(`FAULT ${fault.name}${at}; ${site.leader.nodeId} leads`);
  let heal: Heal;
  try {
    heal = await fault.inflict(site);
  } catch (error) {
    problems.push(`${fault.name}: ${messageOf(error)}`);
    site.tell(`${fault.name} failed: ${messageOf(error)}`);
    return;
  }
  site.tell(`${fault.name} is there`);
  try {
    await systemClock.sleep(fault.holdMs, site.signal);
    const recovered = await confirmsWithin(log, systemClock.monotonicMs(), {
      ms: Math.max(0, beganMs + HOLD_MS_MAX - systemClock.monotonicMs()),
      signal: site.signal,
    });
    if (!recovered) site.tell("no write went through while the fault lasted");
    else await systemClock.sleep(AFTER_MS, site.signal);
  } finally {
    site.tell("HEAL");
    await heal();
    site.tell("healed");
  }
}

async function confirmsAfter(log: WriteLog, fromMs: number, signal: AbortSignal): Promise<boolean> {
  return confirmsWithin(log, fromMs, { ms: CONFIRM_MS, signal });
}

/** True as soon as a write that began after `fromMs` is confirmed. */
async function confirmsWithin(
  log: WriteLog,
  fromMs: number,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const deadlineMs = systemClock.monotonicMs() + ms;
  for (;;) {
    const isThere = log
      .since(fromMs)
      .some(({ outcome, invokedMs }) => outcome === "confirmed" && invokedMs >= fromMs);
    if (isThere) return true;
    if (systemClock.monotonicMs() >= deadlineMs) return false;
    await systemClock.sleep(POLL_MS, signal);
  }
}

async function finalState(
  { cluster, log }: DrillCluster,
  outside: readonly string[],
  problems: string[],
): Promise<Awaited<ReturnType<typeof checkFinalState>> | null> {
  try {
    const leader = await leaderOf(cluster.nodes);
    const inside = cluster.nodes.filter(
      (node) => node !== leader && !outside.some((words) => words.startsWith(`${node.nodeId} `)),
    );
    return await checkFinalState({ cluster, leader, inside, records: log.records });
  } catch (error) {
    problems.push(`the final state could not be checked: ${messageOf(error)}`);
    return null;
  }
}

/** Throws where nobody leads within 30 s. */
async function leaderOf(nodes: readonly ClusterNode[]): Promise<ClusterNode> {
  const deadlineMs = systemClock.monotonicMs() + CONFIRM_MS;
  for (;;) {
    const leader = await findLeader(nodes);
    if (leader) return leader;
    if (systemClock.monotonicMs() > deadlineMs) throw new Error("no node leads");
    await systemClock.sleep(POLL_MS);
  }
}

function targetOf(
  { fault, target }: RoundPlan,
  {
    leader,
    nodes,
    random,
  }: { readonly leader: ClusterNode; readonly nodes: readonly ClusterNode[]; readonly random: Random },
): ClusterNode {
  if (!fault.isTargeted || target === "master") return leader;
  const candidates = target === "random" ? nodes : nodes.filter((node) => node !== leader);
  return candidates[Math.floor(random() * candidates.length)] ?? leader;
}
