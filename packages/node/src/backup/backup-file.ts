import type { SnapshotOrigin } from "@understudy/snapshot";

/** Of what `GET /backup` answers. */
export const BACKUP_MEDIA_TYPE = "application/vnd.understudy.backup";

/** `shop-node2-20261126T035028Z.understudy`: sorted by name, the backups of a node are sorted by time. */
export function backupFileName({ clusterId, nodeId, takenAt }: SnapshotOrigin): string {
  const time = takenAt.replaceAll(/[-:]|\.\d+/g, "");
  return `${clusterId}-${nodeId}-${time}.understudy`.replaceAll(/[^\w.-]/g, "_");
}
