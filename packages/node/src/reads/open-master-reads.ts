import { emptyPosition } from "@understudy/binlog";
import { ChangeSignal } from "@understudy/kernel";
import type { ClusterStore } from "../cluster/cluster-store.ts";
import type { RoleServices } from "../node-services.ts";
import { askSeenPosition, askVisiblePosition } from "./ask-visible.ts";
import { EpochHistory } from "./epoch-history.ts";
import { MasterReads, type MasterReadsOptions } from "./master-reads.ts";

/** Opens what reads need of a master, with what is visible and known of the epochs by now. */
export async function openMasterReads(
  { executor, clock, logger }: RoleServices,
  store: ClusterStore,
  binlog: MasterReadsOptions["binlog"],
): Promise<MasterReads> {
  const { flavour } = executor.server;
  const epochChanged = new ChangeSignal();
  const epochs = new EpochHistory({ flavour, read: () => store.epochs(), changed: epochChanged, logger });
  await epochs.learn();
  const askVisible = () => askVisiblePosition(executor, clock);
  return new MasterReads({
    visible: (await askVisible()) ?? emptyPosition(flavour),
    binlog,
    askVisible,
    askSeen: () => askSeenPosition(executor),
    epochs,
    epochChanged,
    clock,
    logger,
  });
}
