import type { ClusterNode } from "@understudy/e2e";
import { seededRandom, systemClock, type Random } from "@understudy/kernel";
import { confirmsWithin } from "./confirms-within.ts";
import { convergence } from "./convergence.ts";
import type { DrillCluster } from "./drill-cluster.ts";
import { pickOne, type FaultSite } from "./fault.ts";
import { judgeRound } from "./judge-round.ts";
import { lastThrough } from "./last-through.ts";
import { awaitLeader, LeadSampler } from "./lead-sampler.ts";
import { beginSwitchover } from "./planned-faults.ts";
import { fillUp, startCopy } from "./start-copy.ts";
import { RegisterWorkload } from "./register-workload.ts";
import type { RoundPlan } from "./round-plan.ts";
import type { RoundResult } from "./round-result.ts";
import { SetWorkload } from "./set-workload.ts";
import { Timeline } from "./timeline.ts";

const WARM_UP_MS = 1_500;
const CONFIRM_MS = 30_000;
const AFTER_MS = 1_000;
/** Who comes back may have to take a copy as well, after another one. */
const COPY_MS = 150_000;
/** Most of a switchover happens in this time. */
const SWITCHOVER_LEAD_MS = 120;

/** What came of a round, and what happened when. */
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
  const { cluster, log, equipment } = drill;
  const random = seededRandom(plan.seed);
  const leader = await awaitLeader(cluster.nodes);
  const joiner = plan.during === "snapshot" ? pickOne(cluster.others(leader), random) : null;
  const target = targetOf(plan, { leader, joiner, nodes: cluster.nodes, random });
  if (joiner) await fillUp(leader);
  const timeline = await Timeline.begin(cluster.nodes);
  const tell = (sentence: string): void => timeline.tell(sentence);
  const site: FaultSite = { cluster, target, leader, random, signal, tell, equipment };
  const problems: string[] = [];
  let outside: readonly string[] = [];
  let beganMs = systemClock.monotonicMs();
  const samples = await whileClientsWork(drill, plan, async () => {
    await confirmsWithin(log, { fromMs: beganMs, ms: CONFIRM_MS, signal });
    await systemClock.sleep(WARM_UP_MS, signal);
    if (plan.during === "switchover") await startSwitchover(site);
    if (joiner) await startCopy(site, joiner);
    beganMs = systemClock.monotonicMs();
    const problem = await lastThrough(site, { fault: plan.fault, log });
    if (problem !== null) problems.push(problem);
    outside = await convergence(cluster.nodes, signal, joiner ? COPY_MS : plan.fault.backWithinMs);
    tell(outside.length === 0 ? "all nodes are well" : `not all came back: ${outside.join("; ")}`);
    const fromMs = systemClock.monotonicMs();
    if (!(await confirmsWithin(log, { fromMs, ms: CONFIRM_MS, signal }))) {
      problems.push(`no write was confirmed within ${CONFIRM_MS / 1000} s after everything was healed`);
    }
    await systemClock.sleep(AFTER_MS, signal);
  });
  const endedMs = systemClock.monotonicMs();
  const hit = plan.fault.isTargeted ? target.nodeId : null;
  const result = await judgeRound(
    drill,
    { plan, hit, beganMs, endedMs, samples, outside, problems },
    timeline,
  );
  return { result, timeline: await timeline.lines() };
}

/** Resolves with who said when that it leads, once every client's last write has ended. */
async function whileClientsWork(
  { cluster, log, history }: DrillCluster,
  { ack, round, seed }: RoundPlan,
  task: () => Promise<void>,
): Promise<LeadSampler["samples"]> {
  const { nodes } = cluster;
  const name = `r${round}`;
  await using clients = new AsyncDisposableStack();
  const sampler = clients.use(new LeadSampler(nodes));
  clients.use(new SetWorkload({ nodes, log, ack, name }));
  // what was confirmed without acks may be lost, and a register shows it
  if (ack === "majority") clients.use(new RegisterWorkload({ nodes, history, log, name, seed }));
  await task();
  await clients.disposeAsync();
  return sampler.samples;
}

async function startSwitchover(site: FaultSite): Promise<void> {
  await beginSwitchover(site);
  await systemClock.sleep(site.random() * SWITCHOVER_LEAD_MS, site.signal);
}

function targetOf(
  { fault, target }: RoundPlan,
  choice: {
    readonly leader: ClusterNode;
    /** Who takes a copy meanwhile. */
    readonly joiner: ClusterNode | null;
    readonly nodes: readonly ClusterNode[];
    readonly random: Random;
  },
): ClusterNode {
  const { leader, joiner, nodes, random } = choice;
  if (!fault.isTargeted || target === "master") return leader;
  if (joiner && target === "slave") return joiner;
  const candidates = target === "random" ? nodes : nodes.filter((node) => node !== leader);
  return candidates[Math.floor(random() * candidates.length)] ?? leader;
}
