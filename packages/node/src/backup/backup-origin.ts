import type { SnapshotOrigin } from "@understudy/snapshot";
import type { RoleServices } from "../node-services.ts";

/** Where data come from that are kept from now on, as `restore` wants to know it. */
export function backupOrigin(
  { identity, clock }: Pick<RoleServices, "identity" | "clock">,
  { clusterId, epoch }: Pick<SnapshotOrigin, "clusterId" | "epoch">,
): SnapshotOrigin {
  const takenAt = new Date(clock.nowMs()).toISOString();
  return { clusterId, epoch, nodeId: identity.nodeId, version: identity.version, takenAt };
}
