import { mkdir } from "node:fs/promises";
import type { ServerQuestions } from "@understudy/binlog";
import { invariant, randomToken, systemClock, type Logger } from "@understudy/kernel";
import type { CopyProgress } from "@understudy/protocol";
import { noteDataReplaced } from "@understudy/quarantine";
import {
  askFlavour,
  isMarked,
  listCopiedSchemas,
  restoreSnapshot,
  type SnapshotHeader,
} from "@understudy/snapshot";
import { CLIENT_ACCOUNTS, parseDatabaseUrl } from "@understudy/sql-executor";
import type { NodeConfig } from "../config/node-config.ts";
import { copyPrograms, removeOldLogins } from "../rejoin/copy-programs.ts";
import { forgetFailure } from "../roles/kept-failure.ts";
import { forgetOwedHistory, keepOwedHistory } from "../roles/owed-history.ts";
import { keepObeyedEpoch } from "../roles/obeyed-epoch.ts";
import { forgetHandOver } from "../supervisor/kept-hand-over.ts";
import { planRestore, type RestorePlan } from "./restore-plan.ts";

/** How {@link restoreBackup} goes about it. */
export interface RestoreBackupOptions {
  /** The node's. */
  readonly config: NodeConfig;
  readonly body: AsyncIterable<Uint8Array>;
  /** The node is to go on in the cluster that the backup is of. */
  readonly rejoins: boolean;
  /** A person has said that what the server has may be replaced. */
  readonly mayReplace: boolean;
  /** Must be quick and must not throw. */
  readonly onProgress: (progress: CopyProgress) => void;
  /** Warnings, for people. */
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A backup that is in a node's database server. */
export interface RestoredBackup {
  readonly clusterId: string;
  /** `<epoch>:<gtid>` of its end. */
  readonly position: string;
  readonly rejoins: boolean;
}

const FRESH_ID_BYTES = 9;
/** A server takes a moment to notice that a node is gone. */
const SESSIONS_END_MS = 2000;
const SESSIONS_POLL_MS = 100;

/**
 * Restores a backup into the node's own database server, while the node does not run. What it throws, where it is of this node's making,
 * says what to do; see `planRestore`, and `restoreSnapshot` for the rest. A restore that was cut off leaves the server marked, so that no
 * node uses it, and may be begun again.
 */
export async function restoreBackup(options: RestoreBackupOptions): Promise<RestoredBackup> {
  const { config, body, rejoins, onProgress, signal } = options;
  const endpoint = parseDatabaseUrl(config.databaseUrl.reveal());
  await mkdir(config.dataDir, { recursive: true });
  await removeOldLogins(config);
  const outcome: { restored: RestoredBackup | null } = { restored: null };
  await restoreSnapshot({
    flavour: await askFlavour(endpoint, signal),
    endpoint,
    nodeAccounts: CLIENT_ACCOUNTS,
    ...copyPrograms(config),
    body,
    admit: async (header, server) => {
      const plan = await planFor(options, header, server);
      const restored = {
        clusterId: plan.clusterId,
        position: `${header.origin?.epoch ?? 0n}:${header.position.toString()}`,
        rejoins,
      };
      outcome.restored = restored;
      if (rejoins) await keepOwedHistory(config.dataDir, `a backup at ${restored.position} was restored`);
      return (after) => complete(options, plan, after);
    },
    onProgress,
    signal,
    logger: loggerOf(options),
  });
  invariant(outcome.restored !== null, "a restore ends only after it was admitted");
  return outcome.restored;
}

async function planFor(
  { config, rejoins, mayReplace, signal }: RestoreBackupOptions,
  { origin }: SnapshotHeader,
  server: ServerQuestions,
): Promise<RestorePlan> {
  return planRestore({
    origin,
    rejoins,
    clusterId: config.clusterId,
    schemas: await listCopiedSchemas(server),
    isTorn: await isMarked(server),
    mayReplace,
    sessions: await lastingSessions(server, signal),
    freshClusterId: randomToken(FRESH_ID_BYTES),
  });
}

/** Sessions that are not just ending with the node. */
async function lastingSessions(server: ServerQuestions, signal: AbortSignal): Promise<string[]> {
  const untilMs = systemClock.monotonicMs() + SESSIONS_END_MS;
  for (;;) {
    const sessions = await sessionsOfNodes(server);
    if (sessions.length === 0 || systemClock.monotonicMs() > untilMs) return sessions;
    await systemClock.sleep(SESSIONS_POLL_MS, signal);
  }
}

/** Others under the account by which this one is logged in, and those of the accounts that a node makes. */
async function sessionsOfNodes(server: ServerQuestions): Promise<string[]> {
  const [self] = await server.rows("SELECT SUBSTRING_INDEX(USER(), '@', 1) AS user, CONNECTION_ID() AS id");
  const rows = await server.rows("SHOW PROCESSLIST");
  return rows
    .filter(
      ({ Id: id, User: user }) =>
        String(id) !== String(self?.["id"]) && isOfNode(String(user), self?.["user"]),
    )
    .map(({ Id: id, User: user }) => `${String(user)} (${String(id)})`);
}

function isOfNode(user: string, self: unknown): boolean {
  return user === self || CLIENT_ACCOUNTS.some((name) => user === name || user.startsWith(`${name}_`));
}

/** All of it is there, and the server not yet counted as whole. */
async function complete(
  { config, rejoins }: RestoreBackupOptions,
  { statements }: RestorePlan,
  server: ServerQuestions,
): Promise<void> {
  const { dataDir } = config;
  for (const statement of statements) await server.rows(statement);
  await forgetFailure(dataDir);
  await noteDataReplaced(dataDir);
  if (rejoins) return;
  // what the node has promised to another cluster
  await forgetOwedHistory(dataDir);
  await forgetHandOver(dataDir);
  await keepObeyedEpoch(dataDir, 0n);
}

function loggerOf({ tell }: RestoreBackupOptions): Logger {
  const quiet = (): void => undefined;
  const loud = (_fields: object, text: string): void => tell(text);
  return { debug: quiet, info: quiet, warn: loud, error: loud };
}
