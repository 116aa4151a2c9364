import type { OperationTable } from "../operation.ts";
import { BACKUP_OPERATIONS } from "./backup-operations.ts";
import { CLUSTER_OPERATIONS } from "./cluster-operations.ts";
import { DATABASE_OPERATIONS } from "./database-operations.ts";
import { FAILOVER_OPERATIONS } from "./failover-operations.ts";
import { HEALTH_OPERATIONS } from "./health-operations.ts";
import { QUARANTINE_OPERATIONS } from "./quarantine-operations.ts";
import { REPLICATION_OPERATIONS } from "./replication-operations.ts";
import { ROW_OPERATIONS } from "./row-operations.ts";
import { SQL_OPERATIONS } from "./sql-operations.ts";
import { TRANSACTION_OPERATIONS } from "./transaction-operations.ts";

/** What people are told of each route, by its method and path. A test holds that every route has its entry, and every entry its route. */
export const OPERATIONS: OperationTable = {
  ...SQL_OPERATIONS,
  ...ROW_OPERATIONS,
  ...TRANSACTION_OPERATIONS,
  ...DATABASE_OPERATIONS,
  ...CLUSTER_OPERATIONS,
  ...FAILOVER_OPERATIONS,
  ...BACKUP_OPERATIONS,
  ...QUARANTINE_OPERATIONS,
  ...HEALTH_OPERATIONS,
  ...REPLICATION_OPERATIONS,
};

/** Routes that are no part of the API: the page that shows it, and PlanetScale's interface, which is another's. */
export const UNDOCUMENTED: ReadonlySet<string> = new Set([
  "GET /docs",
  "GET /docs/:file",
  "POST /psdb.v1alpha1.Database/CreateSession",
  "POST /psdb.v1alpha1.Database/Execute",
]);
