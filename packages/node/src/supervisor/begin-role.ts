import type { Election } from "@understudy/election";
import { isTornSnapshot } from "@understudy/snapshot";
import type { SqlExecutor } from "@understudy/sql-executor";
import { ClusterStore } from "../cluster/cluster-store.ts";
import { readCopySource } from "../rejoin/copy-source.ts";
import { owesHistory } from "../roles/owed-history.ts";
import { readKeptFailure } from "../roles/kept-failure.ts";
import type { KnownLeader } from "../roles/leader-link.ts";
import { ElectionLeadership } from "./election-leadership.ts";
import { NodeSupervisor, type ServicesOfSupervisor } from "./node-supervisor.ts";
import { readKeptHandOver } from "./kept-hand-over.ts";
import { openLeaseElection } from "./open-election.ts";
import { PromisedEpoch } from "./promised-epoch.ts";
import type { RoleHolder } from "./role-holder.ts";
import { findNewerLead, StaticElection } from "./static-election.ts";
import { StaticHandOver } from "./static-hand-over.ts";

/** A node whose role is decided from now on. Disposal ends the election, then the role. */
export interface BegunNode extends AsyncDisposable {
  readonly executor: SqlExecutor;
  readonly election: Election;
  readonly promised: PromisedEpoch;
}

/**
 * Gives the node its first role: with elections that of a slave, until they decide otherwise; without, the one that it was started
 * with, unless another node leads in a newer epoch by now.
 */
export async function beginRole(
  services: ServicesOfSupervisor,
  holder: RoleHolder,
  signal: AbortSignal,
): Promise<BegunNode> {
  const leadership = new ElectionLeadership();
  await using begun = new AsyncDisposableStack();
  const supervisor = begun.use(new NodeSupervisor(services, leadership, holder));
  const { config } = services;
  const isNew = (await new ClusterStore(services.executor).read()) === null;
  const promised = await PromisedEpoch.open(config.dataDir, { isNew });
  if (config.hasElections) {
    // what an earlier life had under way could still be committed after this node has said where it stands
    await services.executor.endApplicationSessions();
    await supervisor.begin(null);
  } else await beginStatic(services, supervisor, signal);
  const election = begun.use(
    config.hasElections
      ? await openLeaseElection(services, supervisor, promised.before)
      : await createStaticElection(services, supervisor, holder),
  );
  leadership.attach(election);
  const owned = begun.move();
  return {
    executor: services.executor,
    election,
    promised,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function beginStatic(
  services: ServicesOfSupervisor,
  supervisor: NodeSupervisor,
  signal: AbortSignal,
): Promise<void> {
  const { config, executor, endpoint } = services;
  const configured = config.masterUrl === undefined ? null : { nodeId: null, url: config.masterUrl };
  if (await isTornSnapshot(endpoint, signal)) {
    // whatever it was started as: only another copy makes it whole, and its own data names nobody
    await supervisor.begin((await readCopySource(config.dataDir)) ?? configured);
    return;
  }
  const record = await new ClusterStore(executor).read();
  const { nodeId } = services.identity;
  // by a person's word, or handed over: the data know it
  const owes = await owesHistory(config.dataDir);
  const hasLed = record?.leader === nodeId && !owes;
  if (config.role === "slave" && !hasLed) {
    await supervisor.begin({ nodeId: null, url: config.masterUrl ?? "" });
    return;
  }
  const others = await othersOf(services);
  const offered = await readKeptHandOver(config.dataDir);
  const newer = record && (await findNewerLead({ others, peers: services.peers }, record.epoch, signal));
  if (!newer && offered) {
    await supervisor.begin(offered);
    return;
  }
  const members = await new ClusterStore(executor).members();
  const isMember = members.some((member) => member.nodeId === nodeId);
  const leader = others.find((other) => other.nodeId === record?.leader);
  // a backup that is to catch up: a master that begins with it would begin another history under the same name
  if (owes) {
    await supervisor.begin(newer?.leader ?? leader ?? configured);
    return;
  }
  // a copy of the data that was given to a new node leads a cluster of its own; a member follows who was the last to lead
  if (!newer && !hasLed && isMember && leader) {
    await supervisor.begin(leader);
    return;
  }
  // what could not be applied here is missing here: a person has to say so before it leads
  if (newer || (await readKeptFailure(config.dataDir))) await supervisor.begin(newer?.leader ?? null);
  else await supervisor.lead(null, signal);
}

/** The members that this node's data names, but for itself. */
async function othersOf({ executor, identity }: ServicesOfSupervisor): Promise<KnownLeader[]> {
  const members = await new ClusterStore(executor).members();
  return members.filter(({ nodeId }) => nodeId !== identity.nodeId);
}

async function createStaticElection(
  services: ServicesOfSupervisor,
  supervisor: NodeSupervisor,
  holder: RoleHolder,
): Promise<StaticElection> {
  const { config, clock, logger, peers } = services;
  const node = {
    nodeId: services.identity.nodeId,
    host: supervisor,
    epoch: () => holder.current().epoch,
    isMaster: () => holder.role?.kind === "master",
  };
  const handOver = new StaticHandOver({
    ...node,
    peers,
    dataDir: config.dataDir,
    checkTakes: (epoch) => {
      const role = holder.current();
      if (role.kind === "slave") role.checkTakes(epoch);
    },
    pending: await readKeptHandOver(config.dataDir),
  });
  return new StaticElection({ ...node, peers, handOver, others: () => othersOf(services), clock, logger });
}
