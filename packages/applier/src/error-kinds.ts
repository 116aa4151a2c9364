/** An error packet of the server, as opposed to a connection that broke. */
export class ServerError extends Error {
  readonly errno: number;
  readonly sqlState: string;

  constructor(errno: number, sqlState: string, message: string) {
    super(message);
    this.name = "ServerError";
    this.errno = errno;
    this.sqlState = sqlState;
  }
}

/** Reads the payload of an error packet (behind its first byte 0xff). */
export function parseServerError(payload: Buffer): ServerError {
  const errno = payload.readUInt16LE(1);
  const hasState = payload[3] === 0x23;
  const state = hasState ? payload.toString("latin1", 4, 9) : "HY000";
  return new ServerError(errno, state, payload.toString("utf8", hasState ? 9 : 3));
}

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
