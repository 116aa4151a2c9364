import type { ServerError } from "@understudy/binlog";

/** Lock wait timeout and deadlock: someone else was in the way, and trying again helps. */
const LOCK_ERRNOS: ReadonlySet<number> = new Set([1205, 1213]);

/** Shutdown, killed, interrupted, network, time limits, out of memory, disk full, super_read_only: not the transaction's fault. */
const UNAVAILABLE_ERRNOS: ReadonlySet<number> = new Set([
  1021, 1037, 1041, 1053, 1078, 1152, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1290, 1317, 1836, 1927, 1969,
  3024, 3032, 3169, 4031,
]);

/** True where another session's lock stood in the way. */
export function isLockError(error: ServerError): boolean {
  return LOCK_ERRNOS.has(error.errno);
}

/** True for a server's error that says nothing about the transaction itself. */
export function isUnavailableError(error: ServerError): boolean {
  return UNAVAILABLE_ERRNOS.has(error.errno);
}
