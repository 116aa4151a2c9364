import type { SqlExecutor } from "@understudy/sql-executor";
import type { NodeServices } from "./node-services.ts";
import type { Role } from "./roles/role.ts";

/** A node that has its database and a role. */
export interface RunningNode {
  readonly executor: SqlExecutor;
  readonly role: Role;
}

/** What the HTTP routes see of a node. */
export interface NodeRuntime {
  readonly services: NodeServices;
  /** Throws `starting` with the reason while there is no role yet, or no more. */
  running(): RunningNode;
  /** Null while there is no role. */
  current(): RunningNode | null;
  uptimeSeconds(): number;
}
