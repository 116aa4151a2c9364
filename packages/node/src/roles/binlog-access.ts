import {
  parseGtidPosition,
  readBinlog,
  readExecutedPosition,
  readPurgedPosition,
  type GtidPosition,
} from "@understudy/binlog";
import type { ReadBinlog } from "@understudy/replication-queue";
import { connectRaw } from "@understudy/sql-executor";
import type { RoleServices } from "../node-services.ts";
import type { WriteAccess } from "./write-access.ts";

const CONNECT_TIMEOUT_MS = 5000;
const HEARTBEAT_MS = 1000;
/** Readers log in as replicas; their server ids lie where people hardly put those of servers. */
const READER_SERVER_ID_BASE = 3_900_000_000;
const READER_SERVER_IDS = 100_000_000;

/** Opens readers on the node's own binlog, each as a replica of its own. A server that was gone is made what the role wants of it. */
export function createBinlogAccess(services: RoleServices, access: WriteAccess): ReadBinlog {
  const { executor, endpoint, random } = services;
  const { flavour } = executor.server;
  // apart from those of an earlier life of this process, whose connections the server may still hold
  let readerNumber = Math.floor(random() * READER_SERVER_IDS);
  return (from, signal) =>
    readBinlog({
      connect: async (connectSignal) => {
        await access.restore();
        return connectRaw(endpoint, { timeoutMs: CONNECT_TIMEOUT_MS, signal: connectSignal });
      },
      flavour,
      from,
      readerServerId: READER_SERVER_ID_BASE + (readerNumber++ % READER_SERVER_IDS),
      heartbeatMs: HEARTBEAT_MS,
      signal,
    });
}

/** What the node's server has committed, asked from it. */
export function askExecutedPosition({ executor }: RoleServices): Promise<GtidPosition> {
  return executor.withAdmin((session) => readExecutedPosition(session, executor.server.flavour));
}

/** What is no longer in the server's binlog, asked from it. */
export function askPurgedPosition({ executor }: RoleServices): Promise<GtidPosition> {
  return executor.withAdmin((session) => readPurgedPosition(session, executor.server.flavour));
}

/** Lets the server begin another file of its binlog: what is committed after this stands in it. */
export async function beginBinlogFile({ executor }: RoleServices): Promise<void> {
  // LOCAL: it is no write of the cluster's
  await executor.withAdmin((session) => session.run("FLUSH LOCAL BINARY LOGS"));
}

/** Reads a position that another node sent. Throws `invalid-request`. */
export function positionOf(services: RoleServices, text: string): GtidPosition {
  return parseGtidPosition(services.executor.server.flavour, text);
}
