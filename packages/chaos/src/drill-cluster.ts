import { History, startCluster, type Cluster } from "@understudy/e2e";
import { systemClock, systemRandom, type Random } from "@understudy/kernel";
import { openEquipment, type Equipment } from "./equipment.ts";
import type { Need } from "./fault.ts";
import type { Flavour } from "@understudy/protocol";
import type { BrokenRule } from "./broken-rules.ts";
import { addRegisters } from "./register-workload.ts";
import { makeTables } from "./set-tables.ts";
import { WRITERS } from "./set-workload.ts";
import { WriteLog } from "./write-record.ts";

/** A node takes no part in an election for the time of a lease after its start: it may have promised something before. */
const SETTLE_MS = 6_000;
const OPERATIONS_MAX = 400_000;
/** Nodes break a rule in tests alone. */
const WITHOUT_RULES = { NODE_ENV: "test" };

/** A cluster for drills, and everything that clients have done to it so far. */
export interface DrillCluster extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly log: WriteLog;
  readonly history: History;
  readonly equipment: Equipment;
}

/** Starts three nodes with a database server each and three members of etcd, and makes the tables. */
export async function openDrillCluster(options: {
  readonly flavour: Flavour;
  /** What the faults need that are to come. It costs time, so that it is not there without need. */
  readonly needs?: readonly Need[];
  /** Of what breaks by chance. */
  readonly random?: Random;
  readonly logLevel?: string;
  /** A rule that its nodes do not keep. */
  readonly broken?: BrokenRule | null;
}): Promise<DrillCluster> {
  const { flavour, needs = [], random = systemRandom, logLevel = "info", broken = null } = options;
  await using stack = new AsyncDisposableStack();
  const { equipment, options: equipped } = await openEquipment(stack, { needs, random, flavour });
  const cluster = stack.use(
    await startCluster({
      flavour,
      slaves: 2,
      etcd: 3,
      logLevel,
      keepAlive: true,
      ...equipped,
      ...(broken === null
        ? {}
        : { environment: { ...WITHOUT_RULES, UNDERSTUDY_UNSAFE_BROKEN_RULE: broken } }),
    }),
  );
  const startedMs = systemClock.monotonicMs();
  await makeTables(cluster.master, WRITERS);
  await addRegisters(cluster.master);
  await cluster.waitForSync();
  await systemClock.sleep(Math.max(0, startedMs + SETTLE_MS - systemClock.monotonicMs()));
  const owned = stack.move();
  return {
    cluster,
    equipment,
    log: new WriteLog(),
    history: new History(systemClock, OPERATIONS_MAX),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
