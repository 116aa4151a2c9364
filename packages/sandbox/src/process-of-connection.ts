import { readdir, readFile, readlink } from "node:fs/promises";

/** A TCP connection between two ports of 127.0.0.1, and who may be at its client's end. */
export interface LoopbackConnection {
  readonly clientPort: number;
  readonly serverPort: number;
  readonly pids: readonly number[];
}

const LOOPBACK = "0100007F";

/** Which of the processes holds the client's end of a connection; null where it is none of them, or where there is no /proc to ask. */
export async function processOfConnection(connection: LoopbackConnection): Promise<number | null> {
  const inode = await inodeOf(connection);
  if (inode === null) return null;
  const holds = await Promise.all(connection.pids.map((pid) => holdsSocket(pid, inode)));
  return connection.pids[holds.indexOf(true)] ?? null;
}

/** The number of the client's socket, as proc(5) tells it in /proc/net/tcp: local address, peer's address, …, inode in the tenth column. */
async function inodeOf({ clientPort, serverPort }: LoopbackConnection): Promise<string | null> {
  const table = await readFile("/proc/net/tcp", "utf8").catch(() => "");
  const ends = ` ${LOOPBACK}:${hex(clientPort)} ${LOOPBACK}:${hex(serverPort)} `;
  const line = table.split("\n").find((candidate) => candidate.includes(ends));
  const inode = line?.trim().split(/\s+/)[9];
  return inode === undefined || inode === "0" ? null : inode;
}

async function holdsSocket(pid: number, inode: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(descriptors.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
  return targets.includes(`socket:[${inode}]`);
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
