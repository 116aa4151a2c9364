import { type GtidPosition, parseGtidPosition, quotedText } from "@understudy/binlog";
import { invariant } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { DumpHead } from "./dump-head.ts";
import type { ServerSession } from "./server-session.ts";

/** What a dump's beginning says, as a position. */
export async function positionOfDump(
  session: ServerSession,
  flavour: Flavour,
  head: DumpHead,
): Promise<GtidPosition> {
  if (head.kind === "gtid-set") return parseGtidPosition(flavour, head.gtids);
  invariant(
    head.kind === "binlog-place",
    "only a dump of a server that stands still is asked to leave its place out",
  );
  const gtids = await session.value(`SELECT BINLOG_GTID_POS(${quotedText(head.file)}, ${head.offset})`);
  const applied = await session.value("SELECT @@GLOBAL.gtid_slave_pos");
  return withUnknownDomains(parseGtidPosition(flavour, gtids), applied);
}

/**
 * A MariaDB position with those domains of `gtid_slave_pos` that its binlog never had: what native replication or a restore
 * left there is part of the server's history as well.
 */
export function withUnknownDomains(position: GtidPosition, slavePosition: string): GtidPosition {
  const unknown = membersOf(slavePosition).filter((gtid) => position.lastOf(domainOf(gtid)) === 0n);
  return position.union(parseGtidPosition("mariadb", unknown.join(",")));
}

/**
 * MariaDB's full binlog state at a position, from the state of a moment before it: the last transaction of each server in each
 * domain, the newest of a domain last, as the server wants it. A server that is not the domain's last may stand at an
 * older transaction than it really was: all of that lies before the position, where nobody can read on from anyway.
 */
export function binlogStateAt(position: GtidPosition, stateBefore: string): string {
  const last = membersOf(position.toString());
  const sources = new Set(last.map(sourceOf));
  return [...membersOf(stateBefore).filter((gtid) => !sources.has(sourceOf(gtid))), ...last].join(",");
}

function membersOf(list: string): string[] {
  return list
    .replaceAll(/\s+/g, "")
    .split(",")
    .filter((gtid) => gtid !== "");
}

function domainOf(gtid: string): string {
  return gtid.slice(0, gtid.indexOf("-"));
}

/** Domain and server id. */
function sourceOf(gtid: string): string {
  return gtid.slice(0, gtid.lastIndexOf("-"));
}
