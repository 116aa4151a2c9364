import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest path of a Unix socket that every system takes (macOS: 104 bytes with its NUL). */
const SOCKET_PATH_BYTES_MAX = 100;

/** Where a server's Unix socket goes: into its folder, or, where that path is too long for a socket, into the temporary folder. */
export function socketPathFor(directory: string): string {
  const inside = join(directory, "server.sock");
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX) return inside;
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  return join(tmpdir(), `understudy-${name}.sock`);
}
