import { DEFAULT_TIMINGS, type BrokenRule } from "@understudy/election";
import type { Flavour } from "@understudy/protocol";
import { Chance } from "./chance.ts";
import { Checker } from "./checker.ts";
import { EventLog } from "./event-log.ts";
import { planFaults, type FaultName } from "./faults.ts";
import { Network } from "./network.ts";
import { Scheduler } from "./scheduler.ts";
import { SimNode } from "./sim-node.ts";
import { SimStore } from "./sim-store.ts";
import type { World } from "./world.ts";

/** What one simulation is made from. Equal options make equal runs, to the last event. */
export interface SimulationOptions {
  readonly seed: number;
  readonly flavour: Flavour;
  /** A rule that does not hold, to show that it is missed. */
  readonly broken?: BrokenRule | null;
  /** A fault that comes more often than others, under clocks that go as they like. */
  readonly focus?: FaultName | null;
}

/** How it went. */
export interface SimulationResult {
  /** What must not have happened, in sentences that begin with the invariant's name. */
  readonly violations: readonly string[];
  /** All that happened, one event a line. */
  readonly log: string;
  /** The same for equal runs. */
  readonly digest: string;
  /** Clocks went about as they should and no refusal was forged. */
  readonly isSane: boolean;
  readonly confirmedByAcks: number;
  readonly confirmedAlone: number;
  readonly reads: number;
  /** How many terms began. */
  readonly terms: number;
  /** From the end of all faults until everybody agreed, in ms. */
  readonly togetherAfterMs: number;
}

const SANE_SHARE = 0.75;
const FAULTS_MS = [12_000, 24_000] as const;
/** F9: within so long after the last fault all agree. */
const TOGETHER_MS = 45_000;
const WRITE_EVERY_MS = [10, 180] as const;

/** Runs one cluster through faults and looks for broken promises. */
export async function simulate({
  seed,
  flavour,
  broken = null,
  focus = null,
}: SimulationOptions): Promise<SimulationResult> {
  const chance = new Chance(seed);
  const scheduler = new Scheduler();
  const log = new EventLog(scheduler);
  const isSane = chance.happens(SANE_SHARE) && focus === null;
  const size = chance.pick([2, 3, 3, 3, 3, 4, 5]);
  const acks = chance.happens(0.1) ? 0 : Math.floor(size / 2);
  const store = new SimStore(scheduler);
  const checker = new Checker({ acks, isSane, storeEpoch: () => store.epoch });
  const nodes = new Map<string, SimNode>();
  const nodeIds = Array.from({ length: size }, (_, index) => `node-${index + 1}`);
  const world: World = {
    flavour,
    nodeIds,
    acks,
    timings: DEFAULT_TIMINGS,
    maxLagMs: 10_000,
    applyMsMax: chance.pick([4, 4, 60, 300]),
    batchMax: chance.pick([2, 40]),
    scheduler,
    chance,
    network: new Network(scheduler, chance),
    store,
    storeTrouble: { late: 0, lostAnswers: 0 },
    log,
    checker,
    rules: { broken },
    node: (nodeId) => {
      const node = nodes.get(nodeId);
      if (!node) throw new RangeError(`no node ${nodeId}`);
      return node;
    },
  };
  log.add("CLUSTER", `seed ${seed}: ${size} nodes of ${flavour}, ${acks} acks, ${isSane ? "sane" : "wild"}`);
  nodeIds.forEach((nodeId, index) => {
    const rate = isSane ? chance.between(0.97, 1.03) : chance.between(0.6, 1.6);
    const node = new SimNode({ nodeId, serverId: index + 1, rate, world });
    nodes.set(nodeId, node);
    scheduler.after(chance.between(0, 500), () => node.start());
  });
  const faultsEndMs = chance.between(...FAULTS_MS);
  planFaults(world, { endMs: faultsEndMs, isSane, focus });
  const clients = new Clients(world);
  const hasViolated = (): boolean => checker.violations.length > 0;
  await scheduler.run(faultsEndMs + 2, hasViolated);
  const togetherAfterMs = await comeTogether(world, clients, hasViolated);
  return {
    violations: checker.violations,
    log: log.text,
    digest: log.digest,
    isSane,
    confirmedByAcks: checker.confirmedByAcks,
    confirmedAlone: checker.confirmedAlone,
    reads: checker.reads,
    terms: checker.terms,
    togetherAfterMs,
  };
}

/** Writes and strong reads, sent to every node that claims to lead. */
class Clients {
  isOver = false;
  readonly #world: World;
  #count = 0;

  constructor(world: World) {
    this.#world = world;
    this.#next();
  }

  #next(): void {
    const { chance, scheduler } = this.#world;
    scheduler.after(chance.between(...WRITE_EVERY_MS), () => {
      if (this.isOver) return;
      this.#send();
      this.#next();
    });
  }

  #send(): void {
    const { nodeIds, node, chance } = this.#world;
    for (const target of nodeIds.map(node)) {
      if (target.master === null) continue;
      if (chance.happens(0.2)) target.read();
      else target.write(`w${++this.#count}`, chance.happens(0.7));
    }
  }
}

/** Waits until there is one master that confirms writes, and then until all have the same. */
async function comeTogether(world: World, clients: Clients, hasViolated: () => boolean): Promise<number> {
  const { scheduler, checker, nodeIds } = world;
  const beganMs = scheduler.nowMs;
  const confirmedBefore = checker.confirmedByAcks + checker.confirmedAlone;
  const nodes = nodeIds.map(world.node);
  const leads = (): SimNode | null => {
    const leading = nodes.filter(({ master }) => master !== null);
    const [one] = leading;
    return leading.length === 1 && one ? one : null;
  };
  const isServing = (): boolean => {
    const master = leads()?.master;
    const hasConfirmed = checker.confirmedByAcks + checker.confirmedAlone > confirmedBefore + 2;
    return Boolean(master && hasConfirmed && master.slavesInSync().following.length === nodes.length - 1);
  };
  await scheduler.run(beganMs + TOGETHER_MS, () => isServing() || hasViolated());
  if (!isServing() && !hasViolated()) {
    checker.onStuck(`no master that confirms writes with all others following within ${TOGETHER_MS} ms`);
  }
  clients.isOver = true;
  const areEqual = (): boolean => {
    const last = leads()?.database;
    return Boolean(last && nodes.every(({ database }) => database.history.length === last.history.length));
  };
  const stoppedMs = scheduler.nowMs;
  // what is under way ends first
  await scheduler.run(stoppedMs + 50, hasViolated);
  await scheduler.run(stoppedMs + TOGETHER_MS, () => areEqual() || hasViolated());
  const last = leads()?.database;
  if (hasViolated()) return scheduler.nowMs - beganMs;
  if (!last || !areEqual()) checker.onStuck("not all nodes have the same");
  else {
    for (const { nodeId, database } of nodes) {
      const same = database.history.every(({ id, gtid }, index) => {
        const theirs = last.history[index];
        return theirs?.id === id && theirs.gtid === gtid;
      });
      if (!same || !database.position.equals(last.position)) checker.onStuck(`${nodeId} has another history`);
    }
    checker.onEnd(
      last,
      nodes.flatMap(({ disk }) => disk.quarantine),
    );
  }
  return scheduler.nowMs - beganMs;
}
