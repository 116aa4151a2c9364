export { openNodeProcess, type NodeProcess, type NodeProcessOptions } from "./node-process.ts";
export { openSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export type { SandboxNode } from "./sandbox-node.ts";
export { waitUntilReplicating } from "./wait-until-replicating.ts";
