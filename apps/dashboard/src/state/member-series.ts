import type { Member } from "@understudy/protocol";

/** Samples kept of each member: a minute at one a second. */
const SAMPLES_MAX = 60;

/** The latest of a member over time, the newest last. */
export interface MemberSeries {
  readonly lagMs: readonly number[];
  readonly transactionsPerSecond: readonly number[];
  readonly bytesPerSecond: readonly number[];
  /** Of the copy under way; empty while there is none. */
  readonly copy: readonly { readonly atMs: number; readonly done: number }[];
}

const NONE: MemberSeries = { lagMs: [], transactionsPerSecond: [], bytesPerSecond: [], copy: [] };

/** The series with one more sample of each member; members that are gone are forgotten. */
export function withSamples(
  series: ReadonlyMap<string, MemberSeries>,
  members: readonly Member[],
  atMs: number,
): ReadonlyMap<string, MemberSeries> {
  return new Map(
    members.map((member) => [member.nodeId, withSample(series.get(member.nodeId) ?? NONE, member, atMs)]),
  );
}

function withSample(series: MemberSeries, member: Member, atMs: number): MemberSeries {
  const { copy } = member;
  return {
    lagMs: pushed(series.lagMs, member.lag.ms ?? 0),
    transactionsPerSecond: pushed(
      series.transactionsPerSecond,
      member.throughput?.transactionsPerSecond ?? 0,
    ),
    bytesPerSecond: pushed(series.bytesPerSecond, member.throughput?.bytesPerSecond ?? 0),
    copy: copy ? pushed(series.copy, { atMs, done: copy.bytesDone }) : [],
  };
}

function pushed<T>(values: readonly T[], value: T): readonly T[] {
  return [...values.slice(1 - SAMPLES_MAX), value];
}
