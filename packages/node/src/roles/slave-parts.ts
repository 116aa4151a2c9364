import { openApplier, type Applier } from "@understudy/applier";
import type { GtidPosition } from "@understudy/binlog";
import {
  LagMeter,
  openHealthMonitor,
  type HealthChange,
  type HealthMonitor,
} from "@understudy/health-monitor";
import { messageOf } from "@understudy/kernel";
import { isTornSnapshot } from "@understudy/snapshot";
import { connectRaw } from "@understudy/sql-executor";
import { checkClusterId, ClusterStore } from "../cluster/cluster-store.ts";
import type { RoleServices } from "../node-services.ts";
import { KEYS_TABLE } from "../writes/idempotency/key-store.ts";
import { openSlaveReads } from "../reads/open-slave-reads.ts";
import type { SlaveReads } from "../reads/slave-reads.ts";
import { LeaderLink, type KnownLeader } from "./leader-link.ts";
import { readKeptFailure } from "./kept-failure.ts";
import { Membership } from "./membership.ts";
import { readOwedHistory, type OwedHistory } from "./owed-history.ts";
import { readObeyedEpoch } from "./obeyed-epoch.ts";
import { applyServerMode } from "./server-mode.ts";

/** The name under which the master is probed before its own is known. */
export const MASTER = "master";
/** A few of the master's heartbeats; for so long silence means nothing. */
const SILENCE_GRACE_MS = 3500;
const CONNECT_TIMEOUT_MS = 5000;

/** Who is told how the master's health changes; null until the role is made. */
export interface Monitored {
  by: { noteHealth(change: HealthChange): void } | null;
}

/** What a slave's role is made of. */
export interface SlaveParts {
  readonly membership: Membership;
  readonly applier: Applier;
  readonly link: LeaderLink;
  readonly store: ClusterStore;
  /** A copy of the data was not restored to its end. */
  readonly isTorn: boolean;
  /** As `readOwedHistory` tells. */
  readonly owedHistory: OwedHistory | null;
  readonly lag: LagMeter<GtidPosition>;
  readonly reads: SlaveReads;
  readonly monitor: HealthMonitor;
  readonly monitored: Monitored;
}

/** Writes wait when this node becomes the master, so what can be done before is: it costs nothing where it was done already. */
async function prepareToLead({ executor, logger }: RoleServices): Promise<void> {
  try {
    await executor.allowKeeping(KEYS_TABLE);
  } catch (error) {
    // as where an older release has made the schema; a master makes what is missing
    logger.debug({ event: "not-prepared" }, messageOf(error));
  }
}

/** Makes the server read-only and opens all that a slave runs, each on the stack `opening`. */
export async function openSlaveParts(
  services: RoleServices,
  { leader, opening }: { readonly leader: KnownLeader | null; readonly opening: AsyncDisposableStack },
): Promise<SlaveParts> {
  const { executor, endpoint, config, clock, random, logger } = services;
  await applyServerMode(executor, "slave");
  const store = new ClusterStore(executor);
  const isTorn = await isTornSnapshot(endpoint, AbortSignal.timeout(CONNECT_TIMEOUT_MS));
  const record = isTorn ? null : await store.read();
  if (record) {
    checkClusterId(record, config.clusterId);
    await prepareToLead(services);
  }
  const lag = new LagMeter<GtidPosition>({
    clock,
    graceMs: SILENCE_GRACE_MS,
    contains: (applied, heard) => applied.contains(heard),
  });
  let reads: SlaveReads | null = null;
  const applier = opening.use(
    await openApplier({
      flavour: executor.server.flavour,
      connect: async (signal) => {
        await applyServerMode(executor, "slave");
        return connectRaw(endpoint, { timeoutMs: CONNECT_TIMEOUT_MS, multipleStatements: true, signal });
      },
      clock,
      random,
      logger,
      broken: await readKeptFailure(config.dataDir),
      onProgress: (position) => reads?.advance(position),
    }),
  );
  lag.applied(applier.position);
  const link = opening.use(new LeaderLink(leader, services.peers));
  const membership = new Membership(record, await readObeyedEpoch(config.dataDir));
  reads = opening.use(await openSlaveReads(services, { store, applier, link, membership, lag }));
  const monitored: Monitored = { by: null };
  const monitor = opening.use(
    await openHealthMonitor({
      clock,
      random,
      logger,
      intervalMs: config.probeIntervalMs,
      timeoutMs: config.probeTimeoutMs,
      targets: () => (link.url === null ? [] : [{ nodeId: MASTER, url: link.url }]),
      probe: async (_target, signal) => {
        await link.client.ping({ signal, timeoutMs: config.probeTimeoutMs });
      },
      onChange: (change) => monitored.by?.noteHealth(change),
    }),
  );
  return {
    membership,
    applier,
    link,
    store,
    isTorn,
    owedHistory: await readOwedHistory(config.dataDir),
    lag,
    reads,
    monitor,
    monitored,
  };
}
