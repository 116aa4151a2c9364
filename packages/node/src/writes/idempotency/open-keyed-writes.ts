import type { ClusterStore } from "../../cluster/cluster-store.ts";
import type { RoleServices } from "../../node-services.ts";
import { askExecutedPosition } from "../../roles/binlog-access.ts";
import { KEYS_TABLE, KeyStore } from "./key-store.ts";
import { KeyedWrites } from "./keyed-writes.ts";

const HOUR_MS = 3_600_000;

/** Opens the keyed writes of a master whose `ClusterStore` leads: client SQL's account may now add keys, and nothing else there. */
export async function openKeyedWrites(services: RoleServices, cluster: ClusterStore): Promise<KeyedWrites> {
  const { executor, identity, config, clock, logger } = services;
  await executor.allowKeeping(KEYS_TABLE);
  return new KeyedWrites({
    store: new KeyStore(executor),
    secret: await cluster.idempotencySecret(),
    nodeId: identity.nodeId,
    clock,
    logger,
    keepMs: config.idempotencyKeyHours * HOUR_MS,
    executedGtid: async () => (await askExecutedPosition(services)).toString(),
  });
}
