import { seededRandom, type Random } from "@understudy/kernel";
import type { ChaosOptions } from "./chaos-options.ts";
import { FAULTS, faultNamed } from "./fault-list.ts";
import type { Fault } from "./fault.ts";
import type { RoundPlan } from "./round-plan.ts";

const TWO_AT_ONCE = 0.25;
const DURING_SWITCHOVER = 0.15;
const SEEDS = 2 ** 31;

/** The rounds in their order, without an end where no number of rounds is given: the faults that are named in turn, or a random walk. */
export function* plansOf(options: ChaosOptions): Generator<RoundPlan> {
  const random = seededRandom(options.seed);
  const { faults, rounds, ack } = options;
  const perRound = Math.max(1, faults.length);
  const total = rounds === null ? Number.POSITIVE_INFINITY : rounds * perRound;
  for (let round = 0; round < total; round++) {
    const seed = Math.floor(random() * SEEDS);
    const named = faults[round % perRound];
    yield named
      ? { round, seed, fault: named, target: options.target, during: options.during, ack }
      : { round, seed, ack, ...stepOf(seededRandom(seed)) };
  }
}

/** One step of a walk; the master is hit as often as both slaves. */
function stepOf(random: Random): Pick<RoundPlan, "fault" | "target" | "during"> {
  const first = pick(random);
  const second = random() < TWO_AT_ONCE ? pick(random) : first;
  const isPlain = first === second || first.isPlanned || second.isPlanned || clashes(first, second);
  const fault = isPlain ? first : faultNamed(`${first.name}+${second.name}`);
  const target = random() < 0.5 ? "master" : "random";
  const during = random() < DURING_SWITCHOVER && !isPlannedWork(fault) ? "switchover" : "load";
  return { fault, target, during };
}

function pick(random: Random): Fault {
  const fault = FAULTS[Math.floor(random() * FAULTS.length)];
  if (!fault) throw new Error("there are no faults");
  return fault;
}

/** Two that act on the same processes undo each other's preparations. */
function clashes(one: Fault, other: Fault): boolean {
  const kinds = [one, other].map(({ name }) =>
    name.replace(/^(kill|freeze)-.*/, "process").replace(/^etcd-.*/, "etcd"),
  );
  return kinds[0] === kinds[1] || isPlannedWork(one) || isPlannedWork(other);
}

function isPlannedWork({ name }: Fault): boolean {
  return name === "switchover" || name.includes("rolling-restart");
}
