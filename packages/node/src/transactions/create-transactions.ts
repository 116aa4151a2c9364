import { formatPosition, parsePosition } from "@understudy/protocol";
import { ClusterStore } from "../cluster/cluster-store.ts";
import type { RoleServices } from "../node-services.ts";
import { askExecutedPosition, positionOf } from "../roles/binlog-access.ts";
import type { WriteAcks } from "../writes/write-acks.ts";
import { KeyStore } from "../writes/idempotency/key-store.ts";
import { KeptOutcomes } from "./kept-outcomes.ts";
import type { TransactionEnd } from "./transaction-end.ts";
import { TransactionIds } from "./transaction-ids.ts";
import { TransactionRegistry } from "./transaction-registry.ts";

/** What {@link createTransactions} needs. */
export interface CreateTransactionsOptions {
  readonly epoch: bigint;
  /** As `ClusterStore.idempotencySecret`. */
  readonly secret: Uint8Array;
  readonly acks: WriteAcks;
}

/** Makes the interactive transactions of a master, whose schema `understudy` is there already. */
export function createTransactions(
  services: RoleServices,
  { epoch, secret, acks }: CreateTransactionsOptions,
): TransactionRegistry {
  const { ids, outcomes } = createParts(services, epoch, secret);
  const { executor, clock, logger, config } = services;
  return new TransactionRegistry({
    executor,
    ids,
    outcomes,
    clock,
    logger,
    openMax: config.transactionsMax,
    isConfirmed: (position, ack) => acks.isConfirmed(positionOf(services, parsePosition(position).gtid), ack),
  });
}

/**
 * How a transaction ended, as far as this node's own copy tells; null where it does not. Throws `not-found` for an id that no node
 * has issued.
 */
export async function findTransactionEnd(
  services: RoleServices,
  { id, epoch }: { readonly id: string; readonly epoch: bigint },
): Promise<TransactionEnd | null> {
  const secret = await new ClusterStore(services.executor).idempotencySecret();
  const { ids, outcomes } = createParts(services, epoch, secret);
  ids.check(id);
  return outcomes.find(id);
}

function createParts(
  services: RoleServices,
  epoch: bigint,
  secret: Uint8Array,
): { readonly ids: TransactionIds; readonly outcomes: KeptOutcomes } {
  const { executor, identity, clock } = services;
  const outcomes = new KeptOutcomes({
    store: new KeyStore(executor),
    secret,
    nodeId: identity.nodeId,
    clock,
    positionNow: async () =>
      formatPosition({ epoch, gtid: (await askExecutedPosition(services)).toString() }),
  });
  return { ids: new TransactionIds(secret, clock), outcomes };
}
