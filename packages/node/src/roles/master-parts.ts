import { openHealthMonitor, type HealthChange, type HealthMonitor } from "@understudy/health-monitor";
import { emptyPosition, type GtidPosition } from "@understudy/binlog";
import { ReplicationQueue, type ReplicationQueueOptions } from "@understudy/replication-queue";
import {
  ClusterStore,
  type BegunLead,
  type ClusterRecord,
  type LeadBasis,
} from "../cluster/cluster-store.ts";
import { MemberRegistry } from "../cluster/member-registry.ts";
import { TwinCheck } from "../cluster/twin-check.ts";
import { SchemaWarnings } from "../cluster/schema-warnings.ts";
import type { RoleServices } from "../node-services.ts";
import type { MasterReads } from "../reads/master-reads.ts";
import { askVisiblePosition } from "../reads/ask-visible.ts";
import { createMasterReads } from "../reads/create-master-reads.ts";
import { createTransactions } from "../transactions/create-transactions.ts";
import type { TransactionRegistry } from "../transactions/transaction-registry.ts";
import { askExecutedPosition, beginBinlogFile, createBinlogAccess, positionOf } from "./binlog-access.ts";
import { createKeyedWrites } from "../writes/idempotency/create-keyed-writes.ts";
import { KEYS_TABLE } from "../writes/idempotency/key-store.ts";
import type { KeyedWrites } from "../writes/idempotency/keyed-writes.ts";
import { WriteAcks } from "../writes/write-acks.ts";
import { BinlogWatch } from "./binlog-watch.ts";
import { CommitWatch } from "./commit-watch.ts";
import { WriteAccess } from "./write-access.ts";
import { CopyServer } from "./copy-server.ts";
import { MasterMembers } from "./master-members.ts";

/** What a master's role is made of. */
export interface MasterParts {
  readonly record: ClusterRecord;
  readonly registry: MemberRegistry;
  readonly queue: ReplicationQueue;
  readonly reads: MasterReads;
  readonly acks: WriteAcks;
  readonly keyed: KeyedWrites;
  readonly warnings: SchemaWarnings;
  readonly monitor: HealthMonitor;
  readonly members: MasterMembers;
  readonly copies: CopyServer;
  readonly transactions: TransactionRegistry;
  readonly access: WriteAccess;
  /** Null without elections. */
  readonly commits: CommitWatch | null;
  readonly binlog: BinlogWatch;
}

/** How a master begins. */
export interface MasterBegin {
  /** The one that an election has given; null without one. */
  readonly epoch: bigint | null;
  /** As `MasterMembersOptions`. */
  readonly graceMs: number;
}

/** Makes the server writable, begins the epoch and opens all that a master runs, each on the stack `opening`. */
export async function openMasterParts(
  services: RoleServices,
  { epoch, graceMs, opening }: MasterBegin & { readonly opening: AsyncDisposableStack },
): Promise<MasterParts> {
  const { executor, config, clock, logger, leadership, events } = services;
  const told: Told = { members: null, commits: null, binlog: null };
  const access = new WriteAccess(executor);
  const { store, queue, registry, twins, begun, visible } = await beginLead(services, {
    epoch,
    opening,
    told,
    access,
  });
  const { record, secret, epochs } = begun;
  const keyed = opening.use(createKeyedWrites(services, secret));
  const commits = config.hasElections ? opening.use(watchCommits(services, record.epoch)) : null;
  const reads = opening.use(createMasterReads(services, { store, epochs, visible, binlog: queue }));
  const acks = createAcks(services, { record, registry, queue, reads });
  const warnings = opening.use(new SchemaWarnings(executor, clock, logger));
  const onChange = (change: HealthChange): void => told.members?.noteHealth(change);
  const monitor = opening.use(await openMonitor(services, registry, onChange));
  const transactions = opening.use(createTransactions(services, { epoch: record.epoch, secret, acks }));
  const copies = new CopyServer(services);
  const { clusterId } = record;
  const members = opening.use(
    new MasterMembers({
      services,
      clusterId,
      epoch: record.epoch,
      epochs,
      registry,
      queue,
      monitor,
      copies,
      twins,
      graceMs,
    }),
  );
  told.members = members;
  told.commits = commits;
  const binlog = new BinlogWatch({
    queue,
    executedPosition: () => askExecutedPosition(services),
    beginFile: () => beginBinlogFile(services),
    onBegunAnew: (sentence) => events.record("warning", sentence),
    logger,
    onUnreadable: () => leadership.doubt(),
  });
  told.binlog = binlog;
  return {
    record,
    access,
    acks,
    commits,
    binlog,
    keyed,
    registry,
    queue,
    reads,
    warnings,
    monitor,
    members,
    copies,
    transactions,
  };
}

/** Who is told of deliveries and of what goes wrong with the binlog; null until it is made. */
interface Told {
  members: MasterMembers | null;
  commits: CommitWatch | null;
  binlog: BinlogWatch | null;
}

/**
 * Makes the server writable and begins the epoch. Meanwhile its binlog is opened, from where this node's history ended before, and the
 * members are asked who they are.
 */
async function beginLead(
  services: RoleServices,
  {
    epoch,
    opening,
    told,
    access,
  }: {
    readonly epoch: bigint | null;
    readonly opening: AsyncDisposableStack;
    readonly told: Told;
    readonly access: WriteAccess;
  },
): Promise<{
  readonly store: ClusterStore;
  readonly queue: ReplicationQueue;
  readonly registry: MemberRegistry;
  readonly twins: TwinCheck;
  readonly begun: BegunLead;
  readonly visible: GtidPosition;
}> {
  const { executor, identity, config } = services;
  const store = new ClusterStore(executor);
  // while a slave's server still takes nothing: what it has then is what later masters' histories are compared with
  const basis = await store.readBasis(config.clusterId);
  const others = basis.members.filter(({ nodeId }) => nodeId !== identity.nodeId);
  const registry = opening.use(new MemberRegistry(store, services.peers, others));
  const twins = new TwinCheck(services.events);
  twins.askAll(registry.all());
  await access.open();
  const queue = opening.use(
    new ReplicationQueue({
      ...queueOptions(services, access),
      // whoever followed the last master to its end finds its place in the window
      from: positionOf(services, basis.start.startGtid),
      onOutcome: (nodeId, outcome) => told.members?.noteDelivery(nodeId, outcome),
      onDelivered: (nodeId, done) => told.members?.noteDelivered(nodeId, done),
      onProblem: () => {
        told.commits?.doubt();
        told.binlog?.noteProblem();
      },
    }),
  );
  const self = {
    nodeId: identity.nodeId,
    url: identity.advertisedUrl,
    serverVersion: executor.server.version,
    version: identity.version,
  };
  const begun = await store.lead(self, { clusterId: config.clusterId, epoch }, basis);
  const [visible] = await Promise.all([
    visibleAfter(services, { epoch, basis, begun }),
    executor.allowKeeping(KEYS_TABLE),
  ]);
  return { store, queue, registry, twins, begun, visible };
}

/**
 * What every query sees by now. A node that was just elected has a server that took nothing before, so that is what was there and the
 * transaction that began the epoch; any other server has to be asked.
 */
async function visibleAfter(
  services: RoleServices,
  {
    epoch,
    basis,
    begun,
  }: { readonly epoch: bigint | null; readonly basis: LeadBasis; readonly begun: BegunLead },
): Promise<GtidPosition> {
  const { executor, clock } = services;
  if (epoch !== null && begun.gtid !== null)
    return positionOf(services, basis.start.startGtid).union(positionOf(services, begun.gtid));
  return (await askVisiblePosition(executor, clock)) ?? emptyPosition(executor.server.flavour);
}

function watchCommits(services: RoleServices, epoch: bigint): CommitWatch {
  const { executor, clock, logger, leadership } = services;
  return new CommitWatch({ executor, epoch, clock, logger, onStalled: () => leadership.doubt() });
}

function createAcks(
  { config, clock, leadership, metrics }: RoleServices,
  { record, registry, queue, reads }: Pick<MasterParts, "record" | "registry" | "queue" | "reads">,
): WriteAcks {
  return new WriteAcks({
    queue,
    slaves: () => registry.all().length,
    defaultAck: config.defaultAck,
    clock,
    conditions: config.hasElections ? () => leadership.conditions() : undefined,
    checkLeads: () => leadership.checkLeads(record.epoch),
    ended: reads.ended,
    onWaited: (result, tookMs) => metrics.observe("understudy_ack_wait_seconds", { result }, tookMs / 1000),
    broken: config.brokenRule,
  });
}

async function openMonitor(
  { config, clock, random, logger, sightings }: RoleServices,
  registry: MemberRegistry,
  onChange: (change: HealthChange) => void,
): Promise<HealthMonitor> {
  return await openHealthMonitor({
    clock,
    random,
    logger,
    intervalMs: config.probeIntervalMs,
    timeoutMs: config.probeTimeoutMs,
    targets: () => registry.all(),
    seenBefore: (nodeId) => sightings.of(nodeId),
    probe: async ({ nodeId }, signal) => {
      await registry.get(nodeId)?.client.ping({ signal, timeoutMs: config.probeTimeoutMs });
    },
    onChange,
  });
}

function queueOptions(services: RoleServices, access: WriteAccess): Omit<ReplicationQueueOptions, "from"> {
  const { executor, config, clock, random, logger } = services;
  return {
    flavour: executor.server.flavour,
    read: createBinlogAccess(services, access),
    executedPosition: () => askExecutedPosition(services),
    clock,
    random,
    logger,
    limits: {
      windowTransactionsMax: config.windowTransactionsMax,
      windowBytesMax: config.windowBytesMax,
    },
  };
}
