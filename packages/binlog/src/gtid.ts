import { UnderstudyError, type Flavour } from "@understudy/protocol";

/** One transaction's name on MySQL. */
export interface MysqlGtid {
  /** Where the number counts: `uuid` or `uuid:tag`, lower case. */
  readonly source: string;
  readonly number: bigint;
}

/** One transaction's name on MariaDB. */
export interface MariadbGtid {
  readonly domainId: number;
  readonly serverId: number;
  readonly sequence: bigint;
}

/** Largest transaction number of MySQL. */
export const MYSQL_GTID_NUMBER_MAX = 2n ** 63n - 2n;

const UINT32_MAX = 0xffff_ffff;
const UINT64_MAX = 2n ** 64n - 1n;
const MYSQL_GTID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::[a-z_][a-z0-9_]{0,31})?):(\d{1,19})$/;
const MARIADB_GTID = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/;

/** Reads `uuid:7` or `uuid:tag:7`, in either case. Throws `invalid-request`. */
export function parseMysqlGtid(text: string): MysqlGtid {
  const match = MYSQL_GTID.exec(text.toLowerCase());
  const number = match?.[2] === undefined ? 0n : BigInt(match[2]);
  if (match?.[1] === undefined || number < 1n || number > MYSQL_GTID_NUMBER_MAX) throw notAGtid(text);
  return { source: match[1], number };
}

/** Reads `0-1-7`. Throws `invalid-request`. */
export function parseMariadbGtid(text: string): MariadbGtid {
  const match = MARIADB_GTID.exec(text);
  const [domainId, serverId] = [Number(match?.[1]), Number(match?.[2])];
  const sequence = match?.[3] === undefined ? 0n : BigInt(match[3]);
  const fits = domainId <= UINT32_MAX && serverId <= UINT32_MAX && sequence >= 1n && sequence <= UINT64_MAX;
  if (!fits) throw notAGtid(text);
  return { domainId, serverId, sequence };
}

/** True for the text of one transaction's GTID: `uuid:7` or `uuid:tag:7` (MySQL), `0-1-7` (MariaDB). */
export function isValidGtid(flavour: Flavour, text: string): boolean {
  try {
    if (flavour === "mysql") parseMysqlGtid(text);
    else parseMariadbGtid(text);
    return true;
  } catch {
    return false;
  }
}

function notAGtid(text: string): UnderstudyError {
  return new UnderstudyError("invalid-request", `not a GTID: ${JSON.stringify(text.slice(0, 80))}`);
}
