import type { GtidPosition } from "@understudy/binlog";
import type { RegisterRequest } from "@understudy/protocol";
import type { ReplicationQueue } from "@understudy/replication-queue";
import type { RoleServices } from "../node-services.ts";
import { askExecutedPosition, askPurgedPosition, positionOf } from "./binlog-access.ts";

/** What a master has of its history: all that is committed, and what of that is no longer in its binlog. */
export interface HistoryReach {
  readonly executed: GtidPosition;
  readonly purged: GtidPosition;
}

/** Of the master that is asked for a registration. */
export interface RegisteringMaster {
  readonly services: RoleServices;
  readonly clusterId: string;
  readonly queue: Pick<ReplicationQueue, "position" | "heldFrom" | "floor">;
}

/**
 * Where a master's history ends and from where it has it, for whoever asks to join. For a member that has parted from the last master at its
 * end the queue knows enough: what it has read holds all that was ever delivered, and so all that the member can have acked. For any
 * other the database is asked. Throws `database-unavailable`.
 */
export async function historyReachFor(
  { services, clusterId, queue }: RegisteringMaster,
  request: RegisterRequest,
): Promise<HistoryReach> {
  const isMember = request.clusterId === clusterId && !request.wantsRebuild && !request.torn;
  if (isMember && request.flavour === services.executor.server.flavour) {
    const heldFrom = queue.heldFrom(positionOf(services, request.gtid));
    if (heldFrom) return { executed: queue.position, purged: heldFrom };
  }
  const [executed, purged] = await Promise.all([askExecutedPosition(services), askPurgedPosition(services)]);
  return { executed, purged: queue.floor?.union(purged) ?? purged };
}
