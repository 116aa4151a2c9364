import { expect } from "vitest";
import type { Cluster } from "./cluster.ts";

/** Waits until all database servers are in sync, then expects that every slave's tables equal the master's, in definition and rows. */
export async function expectAllEqual(cluster: Cluster): Promise<void> {
  await cluster.waitForSync();
  const all = await cluster.checksums();
  const wanted = all[cluster.master.nodeId];
  expect(wanted).toBeDefined();
  for (const { nodeId } of cluster.slaves) expect(all[nodeId], nodeId).toEqual(wanted);
}
