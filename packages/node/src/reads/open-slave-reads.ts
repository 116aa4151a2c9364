import type { Applier } from "@understudy/applier";
import type { GtidPosition } from "@understudy/binlog";
import type { LagMeter } from "@understudy/health-monitor";
import type { ClusterStore } from "../cluster/cluster-store.ts";
import type { RoleServices } from "../node-services.ts";
import { positionOf } from "../roles/binlog-access.ts";
import type { LeaderLink } from "../roles/leader-link.ts";
import type { Membership } from "../roles/membership.ts";
import { askSeenPosition } from "./ask-visible.ts";
import { EpochHistory } from "./epoch-history.ts";
import { SlaveReads } from "./slave-reads.ts";

/** What a slave's reads go by. */
export interface SlaveParts {
  readonly store: ClusterStore;
  readonly applier: Applier;
  readonly link: LeaderLink;
  readonly membership: Membership;
  readonly lag: LagMeter<GtidPosition>;
}

/** Opens what reads need of a slave, with what its database knows of the epochs by now. */
export async function openSlaveReads(
  services: RoleServices,
  { store, applier, link, membership, lag }: SlaveParts,
): Promise<SlaveReads> {
  const { executor, clock, logger } = services;
  const { epochChanged } = membership;
  const epochs = new EpochHistory({
    flavour: executor.server.flavour,
    read: () => store.epochs(),
    changed: epochChanged,
    logger,
  });
  await epochs.learn();
  return new SlaveReads({
    visible: applier.position,
    askSeen: () => askSeenPosition(executor),
    master: () => link.client,
    parsePosition: (text) => positionOf(services, text),
    epoch: () => membership.epoch,
    lag,
    epochs,
    epochChanged,
    clock,
    logger,
  });
}
