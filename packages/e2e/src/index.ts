export type { Checksums } from "./checksums.ts";
export { startCluster, type Cluster, type ClusterOptions } from "./cluster.ts";
export type { Answer, ClusterNode, RequestOptions } from "./cluster-node.ts";
export { expectAllEqual } from "./expect-all-equal.ts";
export { rowsOf, sql, type SqlTarget } from "./sql.ts";
