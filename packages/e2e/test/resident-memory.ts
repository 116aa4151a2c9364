import { readFile, writeFile } from "node:fs/promises";
import type { ClusterNode } from "../src/index.ts";

/** The most memory that a node's process was seen with from now on. Linux only, as the harness is. */
export async function watchMemory(
  node: ClusterNode,
): Promise<{ readonly startMb: number; readonly peakMb: () => Promise<number> }> {
  // proc_pid_clear_refs(5): 5 sets the peak back to what is resident now
  await writeFile(`/proc/${String(node.pid)}/clear_refs`, "5");
  return { startMb: await statusMb(node, "VmRSS"), peakMb: () => statusMb(node, "VmHWM") };
}

async function statusMb(node: ClusterNode, field: string): Promise<number> {
  const status = await readFile(`/proc/${String(node.pid)}/status`, "utf8");
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`${node.nodeId} has no ${field}`);
  return Number(kilobytes) / 1024;
}
