import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEtcdCluster, type EtcdCluster, type EtcdClusterOptions } from "./etcd-cluster.ts";

/** A fresh cluster in a temporary folder, which goes with it on disposal. Throws where etcd is not on this machine. */
export async function openTestEtcd(
  options: Pick<EtcdClusterOptions, "members" | "tls" | "extraArguments"> = {},
): Promise<EtcdCluster> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "understudy-etcd-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const cluster = stack.use(await openEtcdCluster({ directory, ...options }));
  // what is thrown away need not be shut down in order
  stack.defer(async () => void (await Promise.all(cluster.members.map((member) => member.killHard()))));
  const owned = stack.move();
  return { ...cluster, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
