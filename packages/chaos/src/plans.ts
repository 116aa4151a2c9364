import { seededRandom, type Random } from "@understudy/kernel";
import type { ChaosOptions } from "./chaos-options.ts";
import { lackFor } from "./equipment.ts";
import { FAULTS_OF_WALKS, faultNamed } from "./fault-list.ts";
import { pickOne, type Fault } from "./fault.ts";
import type { During, RoundPlan } from "./round-plan.ts";

const TWO_AT_ONCE = 0.25;
const DURING_SWITCHOVER = 0.15;
const DURING_SNAPSHOT = 0.1;
const SEEDS = 2 ** 31;

/** The rounds in their order, without an end where no number of rounds is given: the faults that are named in turn, or a random walk. */
export function* plansOf(options: ChaosOptions): Generator<RoundPlan> {
  const random = seededRandom(options.seed);
  const { faults, rounds, ack } = options;
  const possible = FAULTS_OF_WALKS.filter((fault) => lackFor(fault) === null);
  const perRound = Math.max(1, faults.length);
  const total = rounds === null ? Number.POSITIVE_INFINITY : rounds * perRound;
  for (let round = 0; round < total; round++) {
    const seed = Math.floor(random() * SEEDS);
    const named = faults[round % perRound];
    yield named
      ? { round, seed, fault: named, target: options.target, during: options.during, ack }
      : { round, seed, ack, ...stepOf(seededRandom(seed), possible) };
  }
}

/** One step of a walk; the master is hit as often as both slaves. */
function stepOf(random: Random, possible: readonly Fault[]): Pick<RoundPlan, "fault" | "target" | "during"> {
  const first = pickOne(possible, random);
  const second = random() < TWO_AT_ONCE ? pickOne(possible, random) : first;
  const isPlain = first === second || first.isPlanned || second.isPlanned || clashes(first, second);
  const fault = isPlain ? first : faultNamed(`${first.name}+${second.name}`);
  const target = random() < 0.5 ? "master" : "random";
  const during = duringOf(random(), fault);
  return { fault, target, during };
}

/** Two that act on the same processes undo each other's preparations. */
function clashes(one: Fault, other: Fault): boolean {
  const kinds = [one, other].map(({ name }) =>
    name.replace(/^(kill|freeze|full|lose)-.*/, "process").replace(/^(partition-)?etcd-.*/, "etcd"),
  );
  return kinds[0] === kinds[1] || [one, other].some((it) => isPlannedWork(it) || isTwo(it));
}

function duringOf(drawn: number, fault: Fault): During {
  if (isPlannedWork(fault) || isTwo(fault) || drawn > DURING_SWITCHOVER + DURING_SNAPSHOT) return "load";
  return drawn < DURING_SWITCHOVER ? "switchover" : "snapshot";
}

/** It is more than one failure already, or leaves one node less that has the data. */
function isTwo({ name }: Fault): boolean {
  return name === "double-death" || name === "lose-data";
}

function isPlannedWork({ name }: Fault): boolean {
  return name === "switchover" || name.includes("rolling-restart");
}
