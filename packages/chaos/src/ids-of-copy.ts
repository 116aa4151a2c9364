import { openTestServer } from "@understudy/database-server";
import { rowsOf } from "@understudy/e2e";
import type { Flavour } from "@understudy/protocol";
import { restoreSnapshot } from "@understudy/snapshot";

/** Where a copy comes from. */
export interface CopyToLookInto {
  readonly flavour: Flavour;
  /** As the quarantine gives it. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

/**
 * Restores a copy of a node's data into a server that is made for it and goes with it, and reads the ids of the workload's writes there: that a file
 * is there does not prove that anybody can get his rows back from it. Throws as `restoreSnapshot`.
 */
export async function idsOfCopy({ flavour, body, signal }: CopyToLookInto): Promise<readonly string[]> {
  await using server = await openTestServer(flavour);
  const { host, port, user, password } = server;
  await restoreSnapshot({
    flavour,
    endpoint: { host, port, user, password },
    nodeAccounts: [],
    body,
    signal,
  });
  const rows = await rowsOf({ nodeId: "restored", database: server }, "SELECT id FROM chaos.entries");
  return rows.map(({ id }) => String(id));
}
