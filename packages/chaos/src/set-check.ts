import type { WriteRecord } from "./write-record.ts";

/** What a node's database server holds of the set. */
export interface SetContents {
  /** Id → how many rows have it. */
  readonly entries: ReadonlyMap<string, number>;
  /** Writer → how many writes its counter has counted. */
  readonly counters: ReadonlyMap<string, number>;
}

/** What became of writes that should not have; ids. */
export interface SetVerdict {
  /** Confirmed, and not there. */
  readonly lost: readonly string[];
  /** There more than once. */
  readonly doubled: readonly string[];
  /** Answered as not done, but there. */
  readonly undead: readonly string[];
  /** There, but nobody wrote it. */
  readonly strange: readonly string[];
  /** Writers whose counter does not say how many rows they have: half of a transaction is there. */
  readonly halved: readonly string[];
  /** Unconfirmed writes that turned out to be there. */
  readonly keptUnconfirmed: readonly string[];
}

/** Compares what writers know with what is there. `records` are all writes that were ever sent to the cluster. */
export function judgeSet(records: readonly WriteRecord[], { entries, counters }: SetContents): SetVerdict {
  const written = new Map(records.map((record) => [record.id, record]));
  const idsOf = (outcome: WriteRecord["outcome"]): readonly string[] =>
    records.filter((record) => record.outcome === outcome).map(({ id }) => id);
  const rowsOfWriter = new Map<string, number>();
  for (const [id, count] of entries) {
    const writer = written.get(id)?.writer;
    if (writer !== undefined) rowsOfWriter.set(writer, (rowsOfWriter.get(writer) ?? 0) + count);
  }
  return {
    lost: idsOf("confirmed").filter((id) => !entries.has(id)),
    doubled: [...entries].filter(([, count]) => count > 1).map(([id]) => id),
    undead: idsOf("refused").filter((id) => entries.has(id)),
    strange: [...entries.keys()].filter((id) => !written.has(id)),
    halved: [...counters].filter(([writer, n]) => n !== (rowsOfWriter.get(writer) ?? 0)).map(([it]) => it),
    keptUnconfirmed: idsOf("unconfirmed").filter((id) => entries.has(id)),
  };
}
