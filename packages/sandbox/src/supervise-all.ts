import type { EtcdMember } from "@understudy/etcd-server";
import { BackgroundLoop, messageOf, systemClock, systemRandom } from "@understudy/kernel";
import type { SandboxNode } from "./sandbox-node.ts";
import type { SandboxProgress } from "./sandbox-progress.ts";
import { supervise, type Supervised } from "./supervise.ts";

/** A process with its name for messages. */
export interface Watched {
  readonly name: string;
  readonly target: Supervised;
  readonly restMs?: number;
}

/** Time for a slave to take over, as it would where nobody starts the master again. */
const NODE_REST_MS = 3000;

/** Every process of a sandbox. */
export function watchedOf(nodes: readonly SandboxNode[], etcd: readonly EtcdMember[]): readonly Watched[] {
  return [
    ...etcd.map((member) => ({ name: member.name, target: member })),
    ...nodes.flatMap((node) => [
      { name: `the database server of ${node.nodeId}`, target: node.database },
      { name: node.nodeId, target: node.process, restMs: etcd.length > 0 ? NODE_REST_MS : 0 },
    ]),
  ];
}

/** Watches all processes; comes last on the stack, so that the watching ends before anything is stopped. */
export function superviseAll(
  stack: AsyncDisposableStack,
  watched: readonly Watched[],
  onProgress: (progress: SandboxProgress) => void,
): void {
  for (const { name, target, restMs = 0 } of watched) {
    const options = { name, restMs, clock: systemClock, random: systemRandom, onProgress };
    const loop = new BackgroundLoop(
      (signal) => supervise(target, options, signal),
      (error) =>
        onProgress({ kind: "trouble", text: `${name} is not watched any more: ${messageOf(error)}` }),
    );
    stack.use(loop);
  }
}
