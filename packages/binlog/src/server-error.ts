import { isUnderstudyError } from "@understudy/protocol";

/** An error packet of the server, as opposed to a connection that broke; the same fields as mysql2's own errors. */
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

/** Reads an error packet's payload: marker u8, number u16, `#` and five characters of SQL state, text. */
export function parseServerError(payload: Buffer): ServerError {
  if (payload.length < 3) return new ServerError(0, "HY000", "an error packet without content");
  const hasState = payload[3] === 0x23;
  const state = hasState ? payload.toString("latin1", 4, 9) : "HY000";
  return new ServerError(payload.readUInt16LE(1), state, payload.toString("utf8", hasState ? 9 : 3));
}

/** The server's error number, also of an error that was classified; undefined where the error is not the server's. */
export function errnoOf(error: unknown): number | undefined {
  if (isUnderstudyError(error)) {
    const errno = error.details["errno"];
    return typeof errno === "number" ? errno : undefined;
  }
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return undefined;
  return error.errno > 0 ? error.errno : undefined;
}
