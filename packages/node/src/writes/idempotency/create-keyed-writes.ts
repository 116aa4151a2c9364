import type { RoleServices } from "../../node-services.ts";
import { askExecutedPosition } from "../../roles/binlog-access.ts";
import { KeyStore } from "./key-store.ts";
import { KeyedWrites } from "./keyed-writes.ts";

const HOUR_MS = 3_600_000;

/**
 * Makes the keyed writes of a master whose `ClusterStore` leads, and whose executor lets client SQL's account add rows to the table of
 * keys. `secret` is as `ClusterStore.idempotencySecret`.
 */
export function createKeyedWrites(services: RoleServices, secret: Uint8Array): KeyedWrites {
  const { executor, identity, config, clock, logger } = services;
  return new KeyedWrites({
    store: new KeyStore(executor),
    secret,
    nodeId: identity.nodeId,
    clock,
    logger,
    keepMs: config.idempotencyKeyHours * HOUR_MS,
    executedGtid: async () => (await askExecutedPosition(services)).toString(),
  });
}
