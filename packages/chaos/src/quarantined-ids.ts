import type { ClusterNode } from "@understudy/e2e";

/** What ids of writes look like: see `SetWorkload`. */
const ID = /\br\d+-[a-z]+\d+-\d+\b/g;
const LIMIT = 1000;

/** The ids of all writes that stand in some node's quarantine, as its listings print them. Throws where a node can't be asked. */
export async function quarantinedIds(node: ClusterNode): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const entry of await entriesOf(node)) {
    const { status, text } = await node.get(`/cluster/quarantine/${entry}/listing`);
    if (status !== 200) throw new Error(`the quarantine's entry ${entry} can't be read: ${status} ${text}`);
    for (const id of idsIn(text)) ids.add(id);
  }
  return ids;
}

/** The ids of writes that a text names. */
export function idsIn(text: string): readonly string[] {
  return text.match(ID) ?? [];
}

async function entriesOf(node: ClusterNode): Promise<readonly string[]> {
  const { status, body, text } = await node.get(`/cluster/quarantine?limit=${LIMIT}`);
  const { entries, unreachable } = body;
  const isWhole = status === 200 && Array.isArray(unreachable) && unreachable.length === 0;
  if (!isWhole || !Array.isArray(entries))
    throw new Error(`the quarantine can't be listed: ${status} ${text}`);
  return entries.map((entry: unknown) => {
    const manifest = isObject(entry) ? entry["manifest"] : null;
    const id = isObject(manifest) ? manifest["id"] : null;
    if (typeof id === "string") return id;
    throw new Error(`an entry of the quarantine has no id: ${JSON.stringify(entry)}`);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
