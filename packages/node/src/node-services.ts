import type { DatabaseEndpoint, SqlExecutor } from "@understudy/sql-executor";
import type { EventHistory } from "@understudy/health-monitor";
import type { Clock, Logger, Random } from "@understudy/kernel";
import type { NodeConfig } from "./config/node-config.ts";
import type { Admission } from "./http/admission.ts";

/** Who this node is; stays the same over restarts. */
export interface NodeIdentity {
  readonly nodeId: string;
  readonly advertisedUrl: string;
  /** Version of Understudy. */
  readonly version: string;
}

/** What every part of a node may use, whatever its role. */
export interface NodeServices {
  readonly config: NodeConfig;
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventHistory;
  /** Counts what clients have under way. */
  readonly admission: Admission;
}

/** What a role may use besides: the database is there. */
export interface RoleServices extends NodeServices {
  readonly executor: SqlExecutor;
  readonly endpoint: DatabaseEndpoint;
  /** What a person should know of this database server, found at start. */
  readonly serverWarnings: readonly string[];
}

/** What a person should know of this node's server, under the node's name. */
export function ownWarnings({ identity, serverWarnings }: RoleServices): string[] {
  return serverWarnings.map((warning) => `${identity.nodeId}: ${warning}`);
}
