import { statfs } from "node:fs/promises";

/** How a file system says that it takes no more: full, a quota, a file that is too large for it. */
const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Bytes that can still be written in a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** There is so little room that nothing was written. */
export class NoRoom extends Error {}

/** True for what the file system throws where there is no room. */
export function isNoRoom(error: unknown): boolean {
  if (error instanceof NoRoom) return true;
  return error instanceof Error && "code" in error && NO_ROOM.has(String(error.code));
}
