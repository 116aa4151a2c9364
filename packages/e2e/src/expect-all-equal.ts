import type { Cluster } from "./cluster.ts";

/** Waits until all database servers are in sync, then expects that every slave's tables equal the master's, in definition and rows. */
export async function expectAllEqual(cluster: Cluster): Promise<void> {
  // only here: a program that is no test may use the rest of the harness, and vitest can't be loaded there
  const { expect } = await import("vitest");
  await cluster.waitForSync();
  const all = await cluster.checksums();
  const wanted = all[cluster.master.nodeId];
  expect(wanted).toBeDefined();
  for (const { nodeId } of cluster.slaves) expect(all[nodeId], nodeId).toEqual(wanted);
}
