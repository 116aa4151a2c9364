import type { NodeClient } from "@understudy/client";
import { findBinlogProgram } from "@understudy/database-server";
import { isCodedError } from "@understudy/kernel";
import {
  QuarantineListAnswer,
  UnderstudyError,
  type Member,
  type QuarantineEntry,
} from "@understudy/protocol";
import { openQuarantine, type Quarantine } from "@understudy/quarantine";
import { Value } from "typebox/value";
import type { NodeRuntime } from "../node-runtime.ts";

/** Where an entry is: on this node, or on another that holds it. */
export type EntryPlace =
  | { readonly kind: "here"; readonly quarantine: Quarantine }
  | { readonly kind: "member"; readonly member: Member };

/** What all reachable nodes have in quarantine. */
export interface AllEntries {
  readonly entries: readonly QuarantineEntry[];
  /** Members that gave no answer. */
  readonly unreachable: readonly string[];
}

const ASK_MS = 3000;
const PATH = "/cluster/quarantine";

/** This node's own quarantine. It is read from the disk at each call, so that it may be opened as often as one likes. */
export async function ownQuarantine(runtime: NodeRuntime): Promise<Quarantine> {
  const { config, clock } = runtime.services;
  const { flavour } = runtime.running().executor.server;
  return openQuarantine({ dataDir: config.dataDir, binlogProgram: await findBinlogProgram(flavour), clock });
}

/** The newest `limit` entries of all members that answer. */
export async function listEverywhere(
  runtime: NodeRuntime,
  limit: number,
  signal: AbortSignal,
): Promise<AllEntries> {
  const own = await (await ownQuarantine(runtime)).list({ limit });
  const entries = [...own.items];
  const unreachable: string[] = [];
  await Promise.all(
    othersOf(runtime).map(async (member) => {
      const theirs = await listOf(runtime, member, { limit, signal });
      if (theirs) entries.push(...theirs);
      else unreachable.push(member.nodeId);
    }),
  );
  const newestFirst = entries.toSorted((a, b) => (a.manifest.id < b.manifest.id ? 1 : -1));
  return { entries: newestFirst.slice(0, limit), unreachable: unreachable.toSorted() };
}

/** Finds who holds an entry. Throws `not-found`, which names the members that could not be asked. */
export async function findEntry(runtime: NodeRuntime, id: string, signal: AbortSignal): Promise<EntryPlace> {
  const quarantine = await ownQuarantine(runtime);
  try {
    await quarantine.get(id);
    return { kind: "here", quarantine };
  } catch (error) {
    if (!isCodedError(error, "not-found")) throw error;
  }
  const silent: string[] = [];
  for (const member of othersOf(runtime)) {
    const status = await withClient(runtime, member, async (client) => {
      const path = `${PATH}/${encodeURIComponent(id)}?own=true`;
      const answer = await client.forward(
        { method: "GET", path, headers: {}, body: undefined, isOwn: true },
        { signal, timeoutMs: ASK_MS },
      );
      return answer.status;
    }).catch(() => null);
    if (status === 200) return { kind: "member", member };
    if (status === null) silent.push(member.nodeId);
  }
  const more = silent.length === 0 ? "" : `; ${silent.join(", ")} could not be asked`;
  throw new UnderstudyError("not-found", `no node has ${JSON.stringify(id)} in its quarantine${more}`);
}

/** Speaks to a member for the time of `task`. */
export async function withClient<T>(
  { services }: NodeRuntime,
  member: Member,
  task: (client: NodeClient) => Promise<T>,
): Promise<T> {
  await using client = services.peers.connect(member.url);
  return await task(client);
}

async function listOf(
  runtime: NodeRuntime,
  member: Member,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<readonly QuarantineEntry[] | null> {
  try {
    const answer = await withClient(runtime, member, (client) =>
      client.forward(
        { method: "GET", path: `${PATH}?own=true&limit=${limit}`, headers: {}, body: undefined, isOwn: true },
        { signal, timeoutMs: ASK_MS },
      ),
    );
    const list: unknown = JSON.parse(answer.body.toString("utf8"));
    return answer.status === 200 && Value.Check(QuarantineListAnswer, list) ? list.entries : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

function othersOf(runtime: NodeRuntime): Member[] {
  const { members, self } = runtime.running().role.view();
  return members.filter(({ nodeId }) => nodeId !== self);
}
