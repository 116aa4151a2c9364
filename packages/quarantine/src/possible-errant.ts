import type { GtidPosition, ServerQuestions } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";

/** What {@link possibleErrant} compares. */
export interface PossibleErrantOptions {
  readonly flavour: Flavour;
  /** A session on any server of the flavour. */
  readonly server: ServerQuestions;
  readonly own: GtidPosition;
  readonly shared: GtidPosition;
}

/**
 * What a history has behind the shared part, by number: a GTID set on MySQL; on MariaDB `domain:first-last`, comma-separated, since who
 * wrote them stood in the binlog alone.
 */
export async function possibleErrant({
  flavour,
  server,
  own,
  shared,
}: PossibleErrantOptions): Promise<string> {
  if (flavour === "mysql") {
    const [row] = await server.rows(
      `SELECT GTID_SUBTRACT('${own.toString()}', '${shared.toString()}') AS value`,
    );
    return String(row?.["value"] ?? "").replaceAll(/\s+/g, "");
  }
  const ranges = own
    .toString()
    .split(",")
    .filter((gtid) => gtid !== "")
    .map((gtid) => ({
      domain: gtid.slice(0, gtid.indexOf("-")),
      last: BigInt(gtid.slice(gtid.lastIndexOf("-") + 1)),
    }))
    .map(({ domain, last }) => ({ domain, last, first: shared.lastOf(domain) + 1n }))
    .filter(({ first, last }) => first <= last);
  return ranges.map(({ domain, first, last }) => `${domain}:${first}-${last}`).join(",");
}
