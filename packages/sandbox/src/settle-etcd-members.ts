import { resolve } from "node:path";
import { findEtcdProgram } from "@understudy/etcd-server";
import { ETCD_MEMBERS_DEFAULT } from "./etcd-members-default.ts";
import { readPlan } from "./sandbox-folder.ts";
import type { SandboxProgress } from "./sandbox-progress.ts";
import type { StartOptions } from "./start-options.ts";

/**
 * How many members of etcd to start: as asked for, else as many as the folder holds, else the default. Where nobody has asked and
 * etcd is missing, the cluster goes without, and that is said. Throws as `readPlan` does.
 */
export async function settleEtcdMembers(
  options: Pick<StartOptions, "etcd" | "directory" | "fresh">,
  onProgress: (progress: SandboxProgress) => void,
): Promise<number> {
  if (options.etcd !== null) return options.etcd;
  const plan = options.fresh ? null : await readPlan(resolve(options.directory));
  const members = plan?.etcd?.members.length ?? ETCD_MEMBERS_DEFAULT;
  if (members === 0 || (await findEtcdProgram())) return members;
  onProgress({
    kind: "trouble",
    text: "no etcd (3.4 or later) was found, so no slave will take over by itself; install it or name it in UNDERSTUDY_ETCD_PROGRAM (--no-etcd: it is meant so)",
  });
  return 0;
}
