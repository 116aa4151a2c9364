import {
  commonHistory,
  parseGtidPosition,
  readBinlog,
  readHistory,
  type BinlogEvent,
  type CommonHistory,
  type GtidPosition,
} from "@understudy/binlog";
import { isUnderstudyError, type QuarantineManifest } from "@understudy/protocol";
import { openQuarantine, saveErrant, type SavedErrant } from "@understudy/quarantine";
import { connectRaw } from "@understudy/sql-executor";
import type { RoleServices } from "../node-services.ts";
import { keepWhole } from "./keep-whole.ts";
import type { RebuildPart } from "./rebuild.ts";

const CONNECT_TIMEOUT_MS = 5000;
const READER_SERVER_ID = 3_899_999_999;
const HEARTBEAT_MS = 1000;
/** A large binlog takes its time. */
const SAVE_MS = 10 * 60_000;

/**
 * Keeps what only this node has in its quarantine: its transactions, or a copy of all its data where its binlog can't tell them. Throws
 * `quarantine-incomplete` where neither can be had.
 */
export async function saveOwn(services: RoleServices, part: RebuildPart): Promise<void> {
  const { identity, events } = services;
  const { manifest, isNew } = await save(services, part);
  if (!manifest) {
    part.tell("it has nothing that the master lacks");
    return;
  }
  const words = keptWords(manifest, identity.nodeId);
  part.tell(words);
  // another try finds what the first one has kept
  if (isNew) events.record("quarantined", words);
  const isOnlyOwn = manifest.kind !== "whole-copy" && manifest.clientTransactionCount === 0;
  if (isOnlyOwn && isNew) await discardBookkeeping(services, manifest.id);
}

function keptWords({ kind, id, transactionCount, wholeCopy }: QuarantineManifest, nodeId: string): string {
  return kind === "whole-copy"
    ? `all data of ${nodeId} is kept in its quarantine as ${id}, since what only it has can't be told apart: ${wholeCopy?.reason ?? ""}`
    : `${transactionCount} transactions that only ${nodeId} had are kept in its quarantine as ${id}`;
}

async function save(services: RoleServices, part: RebuildPart): Promise<SavedErrant> {
  const { executor } = services;
  const { flavour } = executor.server;
  const common = await executor.withAdmin(async (session) =>
    commonHistory(flavour, await readHistory(session, flavour), part.order.survived),
  );
  try {
    return await saveTransactions(services, part, common);
  } catch (error) {
    if (!isUnderstudyError(error, "quarantine-incomplete") || error.details["isNoRoom"] === true) throw error;
    return await keepWhole(services, part, { because: error, shared: common.shared });
  }
}

async function saveTransactions(
  { executor, endpoint, identity, config, clock }: RoleServices,
  { order, signal }: RebuildPart,
  common: CommonHistory,
): Promise<SavedErrant> {
  const { flavour } = executor.server;
  const binlogAfter = (from: GtidPosition): AsyncIterable<readonly BinlogEvent[]> =>
    readBinlog({
      connect: (connecting) => connectRaw(endpoint, { timeoutMs: CONNECT_TIMEOUT_MS, signal: connecting }),
      flavour,
      from,
      readerServerId: READER_SERVER_ID,
      heartbeatMs: HEARTBEAT_MS,
      untilEnd: true,
      signal,
    });
  return executor.withAdmin(
    (session) =>
      saveErrant({
        dataDir: config.dataDir,
        node: identity.nodeId,
        epoch: order.epoch,
        flavour,
        server: session,
        shared: common.shared,
        master: parseGtidPosition(flavour, order.executed),
        binlog: binlogAfter(common.shared),
        binlogAfter,
        isErrant: (gtid) => !common.has(gtid),
        clock,
        signal,
      }),
    { timeoutMs: SAVE_MS },
  );
}

async function discardBookkeeping({ config, clock, identity }: RoleServices, id: string): Promise<void> {
  const quarantine = await openQuarantine({ dataDir: config.dataDir, binlogProgram: null, clock });
  await quarantine.discard(id, {
    reason: "it holds nothing but what the cluster keeps about itself",
    by: identity.nodeId,
  });
}
