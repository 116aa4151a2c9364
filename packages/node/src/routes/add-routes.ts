import type { HttpServer } from "../http/create-server.ts";
import { addMetrics } from "../metrics/add-metrics.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { addBackupRoutes } from "./backup-routes.ts";
import { addClusterRoutes } from "./cluster-routes.ts";
import { addCopyRoutes } from "./copy-routes.ts";
import { addDefinitionRoutes } from "./definition-routes.ts";
import { collectRoutes, type CollectedRoute } from "../openapi/route-collection.ts";
import { addDocsRoutes } from "./docs-routes.ts";
import { addFailoverRoutes } from "./failover-routes.ts";
import { addJobRoutes } from "./job-routes.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { addPlanetscaleRoutes } from "./planetscale-routes.ts";
import { addQuarantineRoutes } from "./quarantine-routes.ts";
import { addReplicationRoutes } from "./replication-routes.ts";
import { addRowRoutes } from "./row-routes.ts";
import { addSchemaRoutes } from "./schema-routes.ts";
import { addSqlRoutes } from "./sql-routes.ts";
import { addTransactionRoutes } from "./transaction-routes.ts";

/** Every route of a node; the same on each, whatever its role. Answers with what was added. */
export function addRoutes(server: HttpServer, runtime: NodeRuntime): readonly CollectedRoute[] {
  const routes = collectRoutes(server);
  addMetrics(server, runtime);
  addClusterRoutes(server, runtime);
  addFailoverRoutes(server, runtime);
  addJobRoutes(server, runtime);
  addDefinitionRoutes(server, runtime);
  addRowRoutes(server, runtime);
  addSqlRoutes(server, runtime);
  addTransactionRoutes(server, runtime);
  addPlanetscaleRoutes(server, runtime);
  addSchemaRoutes(server, runtime);
  addQuarantineRoutes(server, runtime);
  addReplicationRoutes(server, runtime);
  addCopyRoutes(server, runtime);
  addBackupRoutes(server, runtime);
  addHealthRoutes(server, runtime);
  addDocsRoutes(server, routes);
  return routes;
}
