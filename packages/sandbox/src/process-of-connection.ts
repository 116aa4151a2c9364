import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A TCP connection between two ports of 127.0.0.1, and who may be at its client's end. */
export interface LoopbackConnection {
  readonly clientPort: number;
  readonly serverPort: number;
  readonly pids: readonly number[];
}

const LOOPBACK = "0100007F";

/**
 * Which of the processes holds the client's end of a connection; null where it is none of them, or where there is no /proc to ask. Reads
 * at once: a hundred small reads that take turns with everything else would take a busy machine a second.
 */
export function processOfConnection(connection: LoopbackConnection): number | null {
  const inode = inodeOf(connection);
  if (inode === null) return null;
  return connection.pids.find((pid) => holdsSocket(pid, inode)) ?? null;
}

/** The number of the client's socket, as proc(5) tells it in /proc/net/tcp: local address, peer's address, …, inode in the tenth column. */
function inodeOf({ clientPort, serverPort }: LoopbackConnection): string | null {
  const table = attempt(() => readFileSync("/proc/net/tcp", "utf8")) ?? "";
  const ends = ` ${LOOPBACK}:${hex(clientPort)} ${LOOPBACK}:${hex(serverPort)} `;
  const at = table.indexOf(ends);
  if (at < 0) return null;
  const line = table.slice(table.lastIndexOf("\n", at) + 1, table.indexOf("\n", at));
  const inode = line.trim().split(/\s+/)[9];
  return inode === undefined || inode === "0" ? null : inode;
}

function holdsSocket(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  const wanted = `socket:[${inode}]`;
  const descriptors = attempt(() => readdirSync(folder)) ?? [];
  // the newest first: it is a new connection
  return descriptors.toReversed().some((name) => attempt(() => readlinkSync(`${folder}/${name}`)) === wanted);
}

/** Null for what has gone meanwhile. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
