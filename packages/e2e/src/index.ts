export { startCluster, type Cluster } from "./cluster.ts";
export type { ClusterNode } from "./cluster-node.ts";
export { expectAllEqual } from "./expect-all-equal.ts";
export { rowsOf, sql } from "./sql.ts";
