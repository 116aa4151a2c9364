import { readdir } from "node:fs/promises";
import type { ClusterNode } from "../src/index.ts";
import { rowsOf } from "../src/sql.ts";
import type { LivingHeap } from "./living-heap.ts";

/** What a node holds on to. */
export interface Holdings {
  /** Of its objects, after a collection. */
  readonly heapBytes: number;
  /** Sockets, files and all else that the system gives numbers for. Linux only, as the harness is. */
  readonly descriptors: number;
  /** Of all accounts, at its database server. */
  readonly databaseConnections: number;
}

/** Counts them; the node has to be started with the environment of `heap`. */
export async function holdingsOf(node: ClusterNode, heap: LivingHeap): Promise<Holdings> {
  const pid = node.pid ?? 0;
  const [counted] = await rowsOf(node, "SELECT COUNT(*) AS n FROM information_schema.processlist");
  return {
    heapBytes: await heap.bytesOf(pid),
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    databaseConnections: Number(counted?.["n"]),
  };
}
