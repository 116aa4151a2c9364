import type { GtidPosition } from "@understudy/binlog";
import { ChangeSignal } from "@understudy/kernel";
import type { ClusterStore } from "../cluster/cluster-store.ts";
import type { EpochRecord } from "../cluster/epoch-store.ts";
import type { RoleServices } from "../node-services.ts";
import { askSeenPosition, askVisiblePosition } from "./ask-visible.ts";
import { EpochHistory } from "./epoch-history.ts";
import { MasterReads, type MasterReadsOptions } from "./master-reads.ts";

/** What {@link createMasterReads} needs. */
export interface CreateMasterReadsOptions {
  readonly store: ClusterStore;
  /** As the store has just told them. */
  readonly epochs: readonly EpochRecord[];
  /** What every query sees by now. */
  readonly visible: GtidPosition;
  readonly binlog: MasterReadsOptions["binlog"];
}

/** Makes what reads need of a master. */
export function createMasterReads(
  { executor, clock, logger }: RoleServices,
  { store, epochs: known, visible, binlog }: CreateMasterReadsOptions,
): MasterReads {
  const { flavour } = executor.server;
  const epochChanged = new ChangeSignal();
  const read = () => store.epochs();
  return new MasterReads({
    visible,
    binlog,
    askVisible: () => askVisiblePosition(executor, clock),
    askSeen: () => askSeenPosition(executor),
    epochs: new EpochHistory({ flavour, read, known, changed: epochChanged, logger }),
    epochChanged,
    clock,
    logger,
  });
}
