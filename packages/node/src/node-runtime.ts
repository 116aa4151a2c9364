import type { Election } from "@understudy/election";
import type { SqlExecutor } from "@understudy/sql-executor";
import type { NodeServices } from "./node-services.ts";
import type { Role } from "./roles/role.ts";
import type { PromisedEpoch } from "./supervisor/promised-epoch.ts";

/** A node that has its database and a role. */
export interface RunningNode {
  readonly executor: SqlExecutor;
  readonly role: Role;
  readonly election: Election;
  readonly promised: PromisedEpoch;
}

/** What the HTTP routes see of a node. */
export interface NodeRuntime {
  readonly services: NodeServices;
  /** Throws `starting` with the reason while there is no role yet, for a moment not, or no more. */
  running(): RunningNode;
  /** Null while there is no role. */
  current(): RunningNode | null;
  /** As {@link running}, but waits a moment for a role that is just changing. Rejects with the signal's reason. */
  settled(signal: AbortSignal): Promise<RunningNode>;
  uptimeSeconds(): number;
}
