import type { Flavour } from "@understudy/protocol";

/**
 * Where a history ends: a GTID set (MySQL, `uuid:1-5,uuid2:1-3`, tags included) or a GTID list (MariaDB, `0-1-100,1-2-7`: the
 * last sequence number of each domain). Immutable.
 */
export interface GtidPosition {
  readonly flavour: Flavour;
  /** Canonical text, without white space; empty for an empty history. */
  toString(): string;
  isEmpty(): boolean;
  equals(other: GtidPosition): boolean;
  /** True where everything of `other` is part of this history (MariaDB: by domain, `other`'s sequence number is not above). */
  contains(other: GtidPosition): boolean;
  /** True where the transaction is part of this history. */
  containsGtid(gtid: string): boolean;
  /** This history with one more transaction, given as `uuid:7`, `uuid:tag:7` or `0-1-7`. */
  withGtid(gtid: string): GtidPosition;
  /** Union (MariaDB: by domain, the higher sequence number). */
  union(other: GtidPosition): GtidPosition;
  /** How many transactions of `other` are missing here. */
  countMissing(other: GtidPosition): number;
  /** One transaction of `other` that is missing here; null where none is. */
  missingMark(other: GtidPosition): GtidMark | null;
  /** Highest number of a {@link GtidMark}'s source in this history; 0 where it has none. */
  lastOf(source: string): bigint;
}

/** One transaction as a number that counts within a source: a uuid with or without a tag (MySQL), or a domain (MariaDB). */
export interface GtidMark {
  readonly source: string;
  readonly number: bigint;
}
