import type { Cluster, ClusterNode } from "@understudy/e2e";
import { isObject } from "@understudy/kernel";
import type { Flavour, QuarantineManifest } from "@understudy/protocol";
import { idsOfCopy } from "./ids-of-copy.ts";

/** What ids of writes look like: see `SetWorkload`. */
const ID = /\br\d+-[a-z]+\d+-\d+\b/g;
const LIMIT = 1000;
const RESTORE_MS = 10 * 60_000;

type Entry = Pick<QuarantineManifest, "id" | "node" | "kind">;

/**
 * Which of these writes stand in some node's quarantine: among transactions as their listings print them, else in whole copies as a server has
 * them into which they are restored. Throws where a node can't be asked, or a copy is none.
 */
export async function quarantinedIds(
  { nodes, flavour }: Pick<Cluster, "nodes" | "flavour">,
  { asked, wanted }: { readonly asked: ClusterNode; readonly wanted: readonly string[] },
): Promise<ReadonlySet<string>> {
  const missing = new Set(wanted);
  const entries = await entriesOf(asked);
  // a restore takes much longer than a listing
  for (const entry of entries.toSorted((a, b) => Number(isCopy(a)) - Number(isCopy(b)))) {
    if (missing.size === 0) break;
    const holder = nodes.find(({ nodeId }) => nodeId === entry.node);
    const ids = isCopy(entry) ? await idsInCopy(entry, flavour, holder) : await idsListed(entry, asked);
    for (const id of ids) missing.delete(id);
  }
  return new Set(wanted.filter((id) => !missing.has(id)));
}

/** The ids of writes that a text names. */
export function idsIn(text: string): readonly string[] {
  return text.match(ID) ?? [];
}

function isCopy({ kind }: Entry): boolean {
  return kind === "whole-copy";
}

async function idsListed({ id }: Entry, asked: ClusterNode): Promise<readonly string[]> {
  const { status, text } = await asked.get(`/cluster/quarantine/${id}/listing`);
  if (status !== 200) throw new Error(`the quarantine's entry ${id} can't be read: ${status} ${text}`);
  return idsIn(text);
}

async function idsInCopy(
  { id, node }: Entry,
  flavour: Flavour,
  holder: ClusterNode | undefined,
): Promise<readonly string[]> {
  if (!holder) throw new Error(`the copy ${id} is on ${node}, which is not there`);
  const signal = AbortSignal.timeout(RESTORE_MS);
  const answer = await fetch(`${holder.url}/cluster/quarantine/${id}/raw`, { signal });
  if (answer.status !== 200 || !answer.body)
    throw new Error(`${node} does not give the copy ${id}: ${answer.status}`);
  return idsOfCopy({ flavour, body: answer.body, signal });
}

async function entriesOf(node: ClusterNode): Promise<readonly Entry[]> {
  const { status, body, text } = await node.get(`/cluster/quarantine?limit=${LIMIT}`);
  const { entries, unreachable } = body;
  const isWhole = status === 200 && Array.isArray(unreachable) && unreachable.length === 0;
  if (!isWhole || !Array.isArray(entries))
    throw new Error(`the quarantine can't be listed: ${status} ${text}`);
  return entries.map((entry: unknown) => {
    const manifest = isObject(entry) ? entry["manifest"] : null;
    if (!isObject(manifest)) throw new Error(`an entry of the quarantine is none: ${JSON.stringify(entry)}`);
    const { id, node: nodeId, kind } = manifest;
    if (typeof id !== "string" || typeof nodeId !== "string")
      throw new Error(`an entry of the quarantine has no id: ${JSON.stringify(entry)}`);
    return { id, node: nodeId, kind: kind === "whole-copy" ? "whole-copy" : "transactions" };
  });
}
