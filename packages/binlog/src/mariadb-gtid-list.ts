import { UnderstudyError } from "@understudy/protocol";
import { parseMariadbGtid, type MariadbGtid } from "./gtid.ts";
import type { GtidMark, GtidPosition } from "./gtid-position.ts";

/**
 * A MariaDB GTID list: the last transaction of each domain. Immutable. Two lists may contain each other and yet not be equal:
 * sequence numbers decide what is contained, the server ids too what is equal.
 */
export class MariadbGtidList implements GtidPosition {
  readonly flavour = "mariadb";
  readonly #domains: ReadonlyMap<number, MariadbGtid>;
  #text: string | null = null;

  private constructor(domains: ReadonlyMap<number, MariadbGtid>) {
    this.#domains = domains;
  }

  /** Reads `0-1-100,1-2-7`, white space allowed. Throws `invalid-request`, also where a domain comes twice. */
  static parse(text: string): MariadbGtidList {
    const domains = new Map<number, MariadbGtid>();
    for (const member of text.replaceAll(/\s+/g, "").split(",")) {
      if (member === "") continue;
      const gtid = parseMariadbGtid(member);
      if (domains.has(gtid.domainId)) {
        throw new UnderstudyError("invalid-request", `GTID list names domain ${gtid.domainId} twice`);
      }
      domains.set(gtid.domainId, gtid);
    }
    return new MariadbGtidList(domains);
  }

  toString(): string {
    this.#text ??= [...this.#domains.values()]
      .toSorted((a, b) => a.domainId - b.domainId)
      .map(({ domainId, serverId, sequence }) => `${domainId}-${serverId}-${sequence}`)
      .join(",");
    return this.#text;
  }

  isEmpty(): boolean {
    return this.#domains.size === 0;
  }

  equals(other: GtidPosition): boolean {
    return this === other || this.toString() === asMariadbGtidList(other).toString();
  }

  contains(other: GtidPosition): boolean {
    for (const gtid of asMariadbGtidList(other).#domains.values()) if (!this.#has(gtid)) return false;
    return true;
  }

  containsGtid(gtid: string): boolean {
    return this.#has(parseMariadbGtid(gtid));
  }

  withGtid(gtid: string): MariadbGtidList {
    return this.#with([parseMariadbGtid(gtid)]);
  }

  union(other: GtidPosition): MariadbGtidList {
    return this.#with([...asMariadbGtidList(other).#domains.values()]);
  }

  /** The last transaction of each domain. */
  get gtids(): readonly MariadbGtid[] {
    return [...this.#domains.values()];
  }

  /** The part of `other` whose domains are not known here. */
  unknownDomainsOf(other: MariadbGtidList): MariadbGtidList {
    return new MariadbGtidList(new Map([...other.#domains].filter(([id]) => !this.#domains.has(id))));
  }

  countMissing(other: GtidPosition): number {
    let missing = 0n;
    for (const { domainId, sequence } of asMariadbGtidList(other).#domains.values()) {
      const own = this.#domains.get(domainId)?.sequence ?? 0n;
      if (sequence > own) missing += sequence - own;
    }
    return Number(missing);
  }

  missingMark(other: GtidPosition): GtidMark | null {
    for (const gtid of asMariadbGtidList(other).#domains.values()) {
      if (!this.#has(gtid)) return { source: String(gtid.domainId), number: gtid.sequence };
    }
    return null;
  }

  lastOf(source: string): bigint {
    return this.#domains.get(Number(source))?.sequence ?? 0n;
  }

  #has(gtid: MariadbGtid): boolean {
    return gtid.sequence <= (this.#domains.get(gtid.domainId)?.sequence ?? 0n);
  }

  #with(gtids: readonly MariadbGtid[]): MariadbGtidList {
    const newer = gtids.filter((gtid) => !this.#has(gtid));
    if (newer.length === 0) return this;
    const domains = new Map(this.#domains);
    for (const gtid of newer) domains.set(gtid.domainId, gtid);
    return new MariadbGtidList(domains);
  }
}

/** Throws `invalid-request` for a position of the other flavour. */
export function asMariadbGtidList(position: GtidPosition): MariadbGtidList {
  if (position instanceof MariadbGtidList) return position;
  return MariadbGtidList.parse(position.toString());
}
