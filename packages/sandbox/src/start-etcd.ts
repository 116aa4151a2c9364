import {
  openEtcdCluster,
  type EtcdCluster,
  type EtcdPorts,
  type EtcdProgram,
  type EtcdTls,
} from "@understudy/etcd-server";
import { killAllAt } from "./kill-all-at.ts";
import { step, type SandboxProgress } from "./sandbox-progress.ts";

/** What is started, and how. */
export interface EtcdOptions {
  readonly directory: string;
  readonly ports: readonly EtcdPorts[];
  readonly program: EtcdProgram;
  readonly onProgress: (progress: SandboxProgress) => void;
  readonly killSignal: AbortSignal | undefined;
  /** Undefined where its clients speak in plain. */
  readonly tls: EtcdTls | undefined;
}

/** Starts all of etcd's members; none is left running where one fails. */
export async function startEtcd(stack: AsyncDisposableStack, options: EtcdOptions): Promise<EtcdCluster> {
  const { directory, ports, program, onProgress, killSignal, tls } = options;
  const cluster = await step(
    onProgress,
    ({ members }) =>
      `etcd ${program.version} on ${members.map(({ host, port }) => `${host}:${port}`).join(", ")}`,
    () => openEtcdCluster({ directory, program, ports, ...(tls ? { tls } : {}) }),
  );
  stack.defer(() => step(onProgress, "etcd stopped", async () => await cluster[Symbol.asyncDispose]()));
  killAllAt(killSignal, cluster.members);
  return cluster;
}
