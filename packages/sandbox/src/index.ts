export {
  openNodeProcess,
  type NodeAddress,
  type NodeProcess,
  type NodeProcessOptions,
} from "./node-process.ts";
export { openSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export type { SandboxAuthority } from "./sandbox-tls.ts";
export type { PeerGate } from "./peer-gate.ts";
export type { SandboxNode } from "./sandbox-node.ts";
export type { Direction } from "./proxied-connection.ts";
export { openTcpProxy, type TcpProxy, type TcpProxyCounts, type TcpProxyOptions } from "./tcp-proxy.ts";
export { waitUntilReplicating } from "./wait-until-replicating.ts";
export { oneOf, optionInvalid, parseOptions, wholeNumber } from "./command-line.ts";
export { runProgram, tellProgress } from "./run-program.ts";
