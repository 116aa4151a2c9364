import { isUnderstudyError, UnderstudyError } from "@understudy/protocol";

/** An error packet, or an error of mysql2 that carries the same. */
export interface ServerError {
  readonly errno: number;
  readonly message: string;
}

/** The number that most failures of a dump share: purged, unknown, damaged, or ended by another reader of the same id. */
const ER_MASTER_FATAL_ERROR_READING_BINLOG = 1236;

/** MariaDB's own numbers for a position that it cannot serve, sent where the number above is not. */
const POSITION_NOT_SERVED = new Set([
  1945, // a GTID is not in any binlog file
  1955, // a GTID is from the future
]);

/** The account may not do this. */
const ACCESS_DENIED = new Set([1044, 1045, 1142, 1227]);

/** True for errors that may mean that the position is purged or unknown, and may mean something else. */
export function mayConcernPosition(errno: number): boolean {
  return errno === ER_MASTER_FATAL_ERROR_READING_BINLOG || POSITION_NOT_SERVED.has(errno);
}

/**
 * True for what a reader of a damaged binlog fails with. The servers' number for that has other causes (a reader of the same id, for
 * one), which pass: damage stays.
 */
export function mayBeDamaged(error: unknown): boolean {
  if (!isUnderstudyError(error)) return false;
  return error.code === "binlog-corrupt" || error.details["errno"] === ER_MASTER_FATAL_ERROR_READING_BINLOG;
}

/** Reads an error packet's payload: marker u8, number u16, `#` and five characters of SQL state, text. */
export function parseErrorPacket(payload: Buffer): ServerError {
  if (payload.length < 3) return { errno: 0, message: "an error packet without content" };
  const textOffset = payload[3] === 0x23 ? 9 : 3;
  return { errno: payload.readUInt16LE(1), message: payload.toString("utf8", textOffset) };
}

/** Classifies by number: `forbidden` where the account lacks the right, else `database-unavailable`. */
export function classifyServerError(doing: string, error: ServerError, cause?: unknown): UnderstudyError {
  const code = ACCESS_DENIED.has(error.errno) ? "forbidden" : "database-unavailable";
  return new UnderstudyError(code, `${doing}: ${error.message}`, {
    details: error.errno === 0 ? {} : { errno: error.errno },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The number in an error that mysql2 gave; 0 where it has none. */
export function errnoOf(error: Error): number {
  return "errno" in error && typeof error.errno === "number" ? error.errno : 0;
}
