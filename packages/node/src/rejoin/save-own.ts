import {
  commonHistory,
  readBinlog,
  readHistory,
  type BinlogEvent,
  type GtidPosition,
} from "@understudy/binlog";
import { openQuarantine, saveErrant, type SavedErrant } from "@understudy/quarantine";
import { connectRaw } from "@understudy/sql-executor";
import type { RoleServices } from "../node-services.ts";
import { positionOf } from "../roles/binlog-access.ts";
import type { RebuildPart } from "./rebuild.ts";

const CONNECT_TIMEOUT_MS = 5000;
const READER_SERVER_ID = 3_899_999_999;
const HEARTBEAT_MS = 1000;
/** A large binlog takes its time. */
const SAVE_MS = 10 * 60_000;

/** Keeps the transactions that only this node has in its quarantine. Throws `quarantine-incomplete` where some could not be kept. */
export async function saveOwn(services: RoleServices, part: RebuildPart): Promise<void> {
  const { identity, events } = services;
  const { manifest, isNew } = await save(services, part);
  if (!manifest) {
    part.tell("it has nothing that the master lacks");
    return;
  }
  const words = `${manifest.transactionCount} transactions that only ${identity.nodeId} had are kept in its quarantine as ${manifest.id}`;
  part.tell(words);
  events.record("quarantined", words);
  if (manifest.clientTransactionCount === 0 && isNew) await discardBookkeeping(services, manifest.id);
}

async function save(services: RoleServices, { order, signal }: RebuildPart): Promise<SavedErrant> {
  const { executor, endpoint, identity, config } = services;
  const { flavour } = executor.server;
  return executor.withAdmin(
    async (session) => {
      const common = commonHistory(flavour, await readHistory(session, flavour), order.survived);
      const binlogAfter = (from: GtidPosition): AsyncIterable<readonly BinlogEvent[]> =>
        readBinlog({
          connect: (connecting) =>
            connectRaw(endpoint, { timeoutMs: CONNECT_TIMEOUT_MS, signal: connecting }),
          flavour,
          from,
          readerServerId: READER_SERVER_ID,
          heartbeatMs: HEARTBEAT_MS,
          untilEnd: true,
          signal,
        });
      return saveErrant({
        dataDir: config.dataDir,
        node: identity.nodeId,
        epoch: order.epoch,
        flavour,
        server: session,
        shared: common.shared,
        master: positionOf(services, order.executed),
        binlog: binlogAfter(common.shared),
        binlogAfter,
        isErrant: (gtid) => !common.has(gtid),
        clock: services.clock,
        signal,
      });
    },
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
