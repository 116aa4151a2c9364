import { History, startCluster, type Cluster } from "@understudy/e2e";
import { systemClock, type Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { addRegisters } from "./register-workload.ts";
import { makeTables } from "./set-tables.ts";
import { WRITERS } from "./set-workload.ts";
import { WriteLog } from "./write-record.ts";

/** A node takes no part in an election for the time of a lease after its start: it may have promised something before. */
const SETTLE_MS = 6_000;
const OPERATIONS_MAX = 400_000;

/** A cluster for drills, and everything that clients have done to it so far. */
export interface DrillCluster extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly log: WriteLog;
  readonly history: History;
}

/** Starts three nodes with a database server each and three members of etcd, and makes the tables. */
export async function openDrillCluster(options: {
  readonly flavour: Flavour;
  /** Joins all by proxies whose breaks are drawn from it. They cost time: only for faults that need them. */
  readonly proxies?: { readonly random: Random } | undefined;
  readonly logLevel?: string;
}): Promise<DrillCluster> {
  const { flavour, proxies, logLevel = "info" } = options;
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(
    await startCluster({
      flavour,
      slaves: 2,
      etcd: 3,
      logLevel,
      keepAlive: true,
      ...(proxies ? { proxies } : {}),
    }),
  );
  await makeTables(cluster.master, WRITERS);
  await addRegisters(cluster.master);
  await cluster.waitForSync();
  await systemClock.sleep(SETTLE_MS);
  const owned = stack.move();
  return {
    cluster,
    log: new WriteLog(),
    history: new History(systemClock, OPERATIONS_MAX),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
