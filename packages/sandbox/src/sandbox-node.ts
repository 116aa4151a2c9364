import type { DatabaseServer } from "@understudy/database-server";
import type { Role } from "@understudy/protocol";
import type { NodeProcess } from "./node-process.ts";

/** One node of a sandbox with its database server. */
export interface SandboxNode {
  /** `node1` is the master, then `node2`, … */
  readonly nodeId: string;
  /** The role that it starts with. */
  readonly role: Role;
  readonly url: string;
  readonly process: NodeProcess;
  readonly database: DatabaseServer;
}
