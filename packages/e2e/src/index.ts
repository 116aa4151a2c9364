export type { Checksums } from "./checksums.ts";
export { startCluster, type Cluster } from "./cluster.ts";
export type { Answer, ClusterNode } from "./cluster-node.ts";
export { expectAllEqual } from "./expect-all-equal.ts";
export { ledgerFaults, startLedgerWorkload, type Ledger, type LedgerWorkload } from "./ledger-workload.ts";
export { rowsOf, sql } from "./sql.ts";
