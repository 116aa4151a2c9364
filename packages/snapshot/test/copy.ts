import type { DatabaseServer } from "@understudy/database-server";
import type { Logger } from "@understudy/kernel";
import {
  openSnapshot,
  restoreSnapshot,
  type RestoredSnapshot,
  type Snapshot,
  type SnapshotProgress,
} from "../src/index.ts";
import { endpointOf } from "./endpoint-of.ts";

/** Users that the tests take for a node's own. */
const NODE_ACCOUNTS = ["node_reader"] as const;

/** A bound that only a defect reaches. */
export function testSignal(): AbortSignal {
  return AbortSignal.timeout(300_000);
}

/** Opens a copy of a test's server. */
export async function openCopy(
  server: DatabaseServer,
  changes: Partial<Parameters<typeof openSnapshot>[0]> = {},
): Promise<Snapshot> {
  return await openSnapshot({
    flavour: server.flavour,
    endpoint: endpointOf(server),
    nodeAccounts: NODE_ACCOUNTS,
    signal: testSignal(),
    ...changes,
  });
}

/** Restores a stream into a test's server. */
export async function restoreCopy(
  server: DatabaseServer,
  body: AsyncIterable<Uint8Array>,
  changes: Partial<Parameters<typeof restoreSnapshot>[0]> = {},
): Promise<RestoredSnapshot> {
  return await restoreSnapshot({
    flavour: server.flavour,
    endpoint: endpointOf(server),
    nodeAccounts: NODE_ACCOUNTS,
    body,
    signal: testSignal(),
    ...changes,
  });
}

/** The whole stream of a server's copy. */
export async function copyBytes(server: DatabaseServer): Promise<Buffer> {
  await using copy = await openCopy(server);
  const chunks: Uint8Array[] = [];
  for await (const chunk of copy.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A stream of pieces of the given size. */
export async function* piecesOf(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** Keeps what is told of the progress. */
export class ProgressLog {
  readonly entries: SnapshotProgress[] = [];
  readonly onProgress = (progress: SnapshotProgress): void => void this.entries.push(progress);
}

/** Keeps the events that are logged. */
export class EventLog {
  readonly events: string[] = [];
  readonly logger: Logger;

  constructor() {
    const note = (fields: Readonly<Record<string, unknown>>): void =>
      void this.events.push(String(fields["event"]));
    this.logger = { debug: note, info: note, warn: note, error: note };
  }
}
