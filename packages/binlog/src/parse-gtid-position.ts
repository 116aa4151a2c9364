import type { Flavour } from "@understudy/protocol";
import type { GtidPosition } from "./gtid-position.ts";
import { MariadbGtidList } from "./mariadb-gtid-list.ts";
import { MysqlGtidSet } from "./mysql-gtid-set.ts";

const EMPTY = { mysql: MysqlGtidSet.parse(""), mariadb: MariadbGtidList.parse("") } as const;

/** Reads a GTID set (MySQL) or list (MariaDB); white space is allowed, empty text is the empty history. Throws `invalid-request`. */
export function parseGtidPosition(flavour: Flavour, text: string): GtidPosition {
  return flavour === "mysql" ? MysqlGtidSet.parse(text) : MariadbGtidList.parse(text);
}

/** The position before the first transaction. */
export function emptyPosition(flavour: Flavour): GtidPosition {
  return EMPTY[flavour];
}
