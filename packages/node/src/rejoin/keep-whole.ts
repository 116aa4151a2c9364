import type { GtidPosition } from "@understudy/binlog";
import type { UnderstudyError } from "@understudy/protocol";
import { saveWholeCopy, type SavedWholeCopy, type WholeCopy } from "@understudy/quarantine";
import { openSnapshot, verifySnapshot, type SnapshotOrigin } from "@understudy/snapshot";
import { CLIENT_ACCOUNTS } from "@understudy/sql-executor";
import { backupOrigin } from "../backup/backup-origin.ts";
import { ClusterStore } from "../cluster/cluster-store.ts";
import type { RoleServices } from "../node-services.ts";
import { positionOf } from "../roles/binlog-access.ts";
import { copyPrograms } from "./copy-programs.ts";
import { copyWords } from "./copy-words.ts";
import type { RebuildPart } from "./rebuild.ts";

/** Why all data is kept, and from where on its history is another. */
export interface KeepWholeOptions {
  /** Why the transactions can't be saved alone. */
  readonly because: UnderstudyError;
  readonly shared: GtidPosition;
}

const NO_CLUSTER = "unknown";

/**
 * Keeps a copy of everything that this node has in its quarantine, where its own transactions can't be told from its binlog. Its sessions must have been
 * ended. Throws `quarantine-incomplete` where there is no room or the server can't be copied; nothing is left of that.
 */
export async function keepWhole(
  services: RoleServices,
  { order, signal, tell }: RebuildPart,
  { because, shared }: KeepWholeOptions,
): Promise<SavedWholeCopy> {
  const { executor, identity, config, clock } = services;
  const told = { copy: "the copy begins", bytes: 0 };
  const tellBoth = (): void => {
    tell(
      `its binlog can't tell what only it has, so all its data is kept: ${told.copy}; ${told.bytes} bytes on the disk`,
    );
  };
  return saveWholeCopy({
    dataDir: config.dataDir,
    node: identity.nodeId,
    epoch: order.epoch,
    flavour: executor.server.flavour,
    reason: reasonOf(because),
    ask: (task) => executor.withAdmin(task),
    shared,
    master: positionOf(services, order.executed),
    open: () =>
      openOwn(services, signal, (words) => {
        told.copy = words;
        tellBoth();
      }),
    verify: async (body) => {
      await verifySnapshot({
        body,
        onProgress: (progress) => tell(`reads it back: ${copyWords(progress)}`),
        signal,
      });
    },
    onBytes: (bytes) => {
      told.bytes = bytes;
      tellBoth();
    },
    clock,
    signal,
  });
}

function reasonOf({ details, message }: UnderstudyError): string {
  const { reason } = details;
  return typeof reason === "string" ? reason : message;
}

async function openOwn(
  services: RoleServices,
  signal: AbortSignal,
  onWords: (words: string) => void,
): Promise<WholeCopy> {
  const { executor, endpoint, config, logger } = services;
  return openSnapshot({
    flavour: executor.server.flavour,
    endpoint,
    nodeAccounts: CLIENT_ACCOUNTS,
    ...copyPrograms(config),
    isStill: true,
    origin: () => originOf(services),
    signal,
    onProgress: (progress) => onWords(copyWords(progress)),
    logger,
  });
}

/** As of a backup, so that `restore` takes it. */
async function originOf(services: RoleServices): Promise<SnapshotOrigin> {
  const { executor, config } = services;
  const record = await new ClusterStore(executor).read();
  return backupOrigin(services, record ?? { clusterId: config.clusterId ?? NO_CLUSTER, epoch: 0n });
}
