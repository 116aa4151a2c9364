import { checksumsOf, rowsOf, waitForPosition, type Cluster, type ClusterNode } from "@understudy/e2e";
import { judgeSet, type SetContents, type SetVerdict } from "./set-check.ts";
import type { WriteRecord } from "./write-record.ts";

const SYNC_MS = 45_000;

/** What the cluster holds in the end, against what its clients know. */
export interface FinalState extends SetVerdict {
  /** Nodes whose tables differ from the master's, each in one sentence; those that are outside are not asked. */
  readonly unequal: readonly string[];
}

/** Waits until the nodes inside have all that `leader` has, and compares all of them. Throws where that takes over 45 s. */
export async function checkFinalState(options: {
  readonly cluster: Cluster;
  readonly leader: ClusterNode;
  /** Without the leader. */
  readonly inside: readonly ClusterNode[];
  readonly records: readonly WriteRecord[];
}): Promise<FinalState> {
  const { cluster, leader, inside, records } = options;
  await waitForPosition(cluster.flavour, { from: leader, on: inside, timeoutMs: SYNC_MS });
  const verdict = judgeSet(records, await contentsOf(leader));
  const wanted = await checksumsOf(leader);
  const unequal: string[] = [];
  for (const node of inside) {
    const found = await checksumsOf(node);
    const tables = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
    for (const table of tables.filter((name) => wanted[name] !== found[name])) {
      unequal.push(
        `${table}: ${node.nodeId} has ${brief(found[table])}, ${leader.nodeId} ${brief(wanted[table])}`,
      );
    }
  }
  return { ...verdict, unequal };
}

async function contentsOf(node: ClusterNode): Promise<SetContents> {
  const entries = await rowsOf(node, "SELECT id, COUNT(*) AS n FROM chaos.entries GROUP BY id");
  const counters = await rowsOf(node, "SELECT writer, n FROM chaos.counters");
  return {
    entries: new Map(entries.map((row) => [String(row["id"]), Number(row["n"])])),
    counters: new Map(counters.map((row) => [String(row["writer"]), Number(row["n"])])),
  };
}

/** Count and checksum, without the definition. */
function brief(words: string | undefined): string {
  return words?.split(", ").slice(0, 2).join(", ") ?? "none";
}
