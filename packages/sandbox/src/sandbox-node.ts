import type { DatabaseServer } from "@understudy/database-server";
import type { Role } from "@understudy/protocol";
import type { NodeProcess } from "./node-process.ts";

/** One node of a sandbox with its database server. */
export interface SandboxNode {
  /** `node1`, `node2`, …; `node1` is started as the master. */
  readonly nodeId: string;
  /** The role that it was started as. With etcd, another may lead by now. */
  readonly role: Role;
  readonly url: string;
  readonly process: NodeProcess;
  readonly database: DatabaseServer;
}
