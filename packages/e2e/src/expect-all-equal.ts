import type { Cluster } from "./cluster.ts";
import type { ClusterNode } from "./cluster-node.ts";

/**
 * Waits until all database servers are in sync, then expects that every node's tables equal the leader's, in definition and rows.
 * `leader` is by default the node that was started as the master.
 */
export async function expectAllEqual(cluster: Cluster, leader: ClusterNode = cluster.master): Promise<void> {
  // only here: a program that is no test may use the rest of the harness, and vitest can't be loaded there
  const { expect } = await import("vitest");
  await cluster.waitForSync(30_000, leader);
  const all = await cluster.checksums();
  const wanted = all[leader.nodeId];
  expect(wanted).toBeDefined();
  for (const { nodeId } of cluster.others(leader)) expect(all[nodeId], nodeId).toEqual(wanted);
}
