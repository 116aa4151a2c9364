import { isRecord } from "@understudy/kernel";
import type { EtcdFailure } from "./etcd-failure.ts";
import type { EtcdKeys } from "./etcd-keys.ts";
import { etcdRefusal, refusalOf } from "./etcd-refusal.ts";
import { fieldOf, headerRevisionOf, int64Of, listOf, MalformedAnswer } from "./gateway-json.ts";

/** What a watch tells while it goes well. */
export type WatchNews =
  /** It stands; `revision` is the member's. */
  | { readonly kind: "created"; readonly revision: bigint }
  /** Changes, of which the newest is of `revision`; all up to there have been told. No keys: a sign of life. */
  | { readonly kind: "changes"; readonly keys: readonly string[]; readonly revision: bigint | null }
  /** What it was to begin with is not kept any more; `revision` is the oldest that is. */
  | { readonly kind: "compacted"; readonly revision: bigint };

/** One line of a watch. */
export type WatchMessage = WatchNews | { readonly kind: "failed"; readonly failure: EtcdFailure };

/** Reads one line. Throws {@link MalformedAnswer}. */
export function readWatchMessage(json: unknown, keys: EtcdKeys): WatchMessage {
  const result = fieldOf(json, "result");
  if (!isRecord(result)) {
    const failure = etcdRefusal(json);
    if (failure) return { kind: "failed", failure };
    throw new MalformedAnswer("no result");
  }
  if (fieldOf(result, "canceled") === true) {
    const compacted = int64Of(result, "compact_revision");
    if (compacted > 0n) return { kind: "compacted", revision: compacted };
    const reason = fieldOf(result, "cancel_reason");
    const text = typeof reason === "string" && reason !== "" ? reason : "the watch was cancelled";
    return { kind: "failed", failure: refusalOf(text, Number.NaN) };
  }
  if (fieldOf(result, "created") === true) return { kind: "created", revision: headerRevisionOf(result) };
  return changesOf(listOf(result, "events"), keys);
}

function changesOf(events: readonly unknown[], keys: EtcdKeys): WatchNews {
  const changed = new Set<string>();
  let revision: bigint | null = null;
  for (const event of events) {
    const kv = fieldOf(event, "kv");
    changed.add(keys.keyOf(kv));
    const modRevision = int64Of(kv, "mod_revision");
    if (revision === null || modRevision > revision) revision = modRevision;
  }
  return { kind: "changes", keys: [...changed], revision };
}
