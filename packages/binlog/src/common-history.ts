import type { Flavour } from "@understudy/protocol";
import { parseMariadbGtid } from "./gtid.ts";
import type { GtidPosition } from "./gtid-position.ts";
import { MariadbGtidList } from "./mariadb-gtid-list.ts";
import { MysqlGtidSet } from "./mysql-gtid-set.ts";

/** What two servers' histories have in common. */
export interface CommonHistory {
  /** Up to here both are the same: on MySQL all that both have, on MariaDB the last common transaction of each domain. */
  readonly shared: GtidPosition;
  /** True where the first has nothing that the second lacks. */
  readonly isWhole: boolean;
  /** True for a transaction of the first that the second has, too. */
  has(gtid: string): boolean;
}

/**
 * Compares one server's history with what of it may be in another's. Both are given as the server tells them to the transaction: MySQL's
 * `gtid_executed`; MariaDB's `gtid_binlog_state`, the last of each server in each domain, since numbers alone are used again by
 * another master. Throws `invalid-request` for texts that are neither.
 */
export function commonHistory(flavour: Flavour, own: string, other: string): CommonHistory {
  return flavour === "mysql" ? commonSets(own, other) : commonStates(own, other);
}

function commonSets(own: string, other: string): CommonHistory {
  const first = MysqlGtidSet.parse(own);
  const second = MysqlGtidSet.parse(other);
  return {
    shared: first.intersection(second),
    isWhole: second.contains(first),
    has: (gtid) => second.containsGtid(gtid),
  };
}

function commonStates(own: string, other: string): CommonHistory {
  const limits = new Map(gtidsOf(other).map((gtid) => [sourceOf(gtid), gtid.sequence]));
  const limitOf = (gtid: ReturnType<typeof parseMariadbGtid>): bigint => limits.get(sourceOf(gtid)) ?? 0n;
  let shared = MariadbGtidList.parse("");
  let isWhole = true;
  for (const gtid of gtidsOf(own)) {
    const limit = limitOf(gtid);
    if (gtid.sequence > limit) isWhole = false;
    const sequence = gtid.sequence < limit ? gtid.sequence : limit;
    if (sequence > 0n) shared = shared.withGtid(`${gtid.domainId}-${gtid.serverId}-${sequence}`);
  }
  return {
    shared,
    isWhole,
    has: (text) => {
      const gtid = parseMariadbGtid(text);
      return gtid.sequence <= limitOf(gtid);
    },
  };
}

function gtidsOf(state: string): ReturnType<typeof parseMariadbGtid>[] {
  const members = state.replaceAll(/\s+/g, "").split(",");
  return members.filter((member) => member !== "").map(parseMariadbGtid);
}

function sourceOf({ domainId, serverId }: ReturnType<typeof parseMariadbGtid>): string {
  return `${domainId}-${serverId}`;
}
