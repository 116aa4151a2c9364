import { UnderstudyError } from "@understudy/protocol";
import { MYSQL_GTID_NUMBER_MAX, parseMysqlGtid } from "./gtid.ts";
import type { GtidMark, GtidPosition } from "./gtid-position.ts";
import { IntervalList, type Interval } from "./interval-list.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const INTERVAL = /^(\d{1,19})(?:-(\d{1,19}))?$/;

/** A MySQL GTID set: for each source (`uuid` or `uuid:tag`) the numbers of its transactions. Immutable. */
export class MysqlGtidSet implements GtidPosition {
  readonly flavour = "mysql";
  readonly #sources: ReadonlyMap<string, IntervalList>;
  #text: string | null = null;

  private constructor(sources: ReadonlyMap<string, IntervalList>) {
    this.#sources = sources;
  }

  /** Reads `uuid:1-5:7:tag:1-3,uuid2:1`, white space and either case allowed. Throws `invalid-request`. */
  static parse(text: string): MysqlGtidSet {
    const found = new Map<string, Interval[]>();
    for (const member of text.toLowerCase().replaceAll(/\s+/g, "").split(",")) {
      if (member !== "") collectMember(member, found);
    }
    return new MysqlGtidSet(new Map([...found].map(([source, list]) => [source, IntervalList.from(list)])));
  }

  /** All sources in canonical order (by uuid, the tagless first), none of them empty. */
  get sources(): readonly (readonly [source: string, numbers: IntervalList])[] {
    return [...this.#sources].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  toString(): string {
    this.#text ??= formatSources(this.sources);
    return this.#text;
  }

  isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  equals(other: GtidPosition): boolean {
    return this === other || this.toString() === asMysqlGtidSet(other).toString();
  }

  contains(other: GtidPosition): boolean {
    for (const [source, numbers] of asMysqlGtidSet(other).#sources) {
      if (!(this.#sources.get(source) ?? IntervalList.empty).containsAll(numbers)) return false;
    }
    return true;
  }

  containsGtid(gtid: string): boolean {
    const { source, number } = parseMysqlGtid(gtid);
    return this.#sources.get(source)?.has(number) ?? false;
  }

  withGtid(gtid: string): MysqlGtidSet {
    const { source, number } = parseMysqlGtid(gtid);
    const before = this.#sources.get(source) ?? IntervalList.empty;
    const after = before.with(number);
    if (after === before) return this;
    return new MysqlGtidSet(new Map(this.#sources).set(source, after));
  }

  union(other: GtidPosition): MysqlGtidSet {
    const joined = new Map(this.#sources);
    for (const [source, numbers] of asMysqlGtidSet(other).#sources) {
      joined.set(source, (joined.get(source) ?? IntervalList.empty).union(numbers));
    }
    return new MysqlGtidSet(joined);
  }

  /** What both have. */
  intersection(other: GtidPosition): MysqlGtidSet {
    const theirs = asMysqlGtidSet(other).#sources;
    const common = new Map<string, IntervalList>();
    for (const [source, numbers] of this.#sources) {
      const both = numbers.intersection(theirs.get(source) ?? IntervalList.empty);
      if (!both.isEmpty) common.set(source, both);
    }
    return new MysqlGtidSet(common);
  }

  countMissing(other: GtidPosition): number {
    let missing = 0n;
    for (const [source, numbers] of asMysqlGtidSet(other).#sources) {
      missing += (this.#sources.get(source) ?? IntervalList.empty).countMissing(numbers);
    }
    return Number(missing);
  }

  missingMark(other: GtidPosition): GtidMark | null {
    for (const [source, numbers] of asMysqlGtidSet(other).#sources) {
      const number = (this.#sources.get(source) ?? IntervalList.empty).oneMissing(numbers);
      if (number !== null) return { source, number };
    }
    return null;
  }

  lastOf(source: string): bigint {
    return this.#sources.get(source)?.last ?? 0n;
  }
}

/** Throws `invalid-request` for a position of the other flavour. */
export function asMysqlGtidSet(position: GtidPosition): MysqlGtidSet {
  if (position instanceof MysqlGtidSet) return position;
  return MysqlGtidSet.parse(position.toString());
}

/** Adds what `uuid:1-5:7:tag:1-3` says to `found`. */
function collectMember(member: string, found: Map<string, Interval[]>): void {
  const [uuid = "", ...rest] = member.split(":");
  if (!UUID.test(uuid) || rest.length === 0) throw notASet(member);
  let source = uuid;
  let isTagOpen = false;
  for (const piece of rest) {
    if (TAG.test(piece)) {
      if (isTagOpen) throw notASet(member);
      source = `${uuid}:${piece}`;
      isTagOpen = true;
      continue;
    }
    isTagOpen = false;
    const list = found.get(source) ?? [];
    list.push(parseInterval(piece, member));
    found.set(source, list);
  }
  if (isTagOpen) throw notASet(member);
}

function parseInterval(piece: string, member: string): Interval {
  const match = INTERVAL.exec(piece);
  if (match?.[1] === undefined) throw notASet(member);
  const first = BigInt(match[1]);
  const last = BigInt(match[2] ?? match[1]);
  if (first < 1n || last < first || last > MYSQL_GTID_NUMBER_MAX) throw notASet(member);
  return { first, last };
}

/** As the server writes it: a uuid once, its tagless numbers first, then each tag with its numbers. */
function formatSources(sources: readonly (readonly [string, IntervalList])[]): string {
  const members: string[] = [];
  let openUuid = "";
  for (const [source, numbers] of sources) {
    const uuid = source.slice(0, 36);
    if (uuid === openUuid) members.push(`:${source.slice(37)}:${numbers}`);
    else members.push(`${members.length === 0 ? "" : ","}${source}:${numbers}`);
    openUuid = uuid;
  }
  return members.join("");
}

function notASet(member: string): UnderstudyError {
  return new UnderstudyError("invalid-request", `not a GTID set: ${JSON.stringify(member.slice(0, 80))}`);
}
