import { open } from "node:fs/promises";

const TAIL_BYTES_MAX = 64 * 1024;
const LINES_MAX = 5;

/** Where a file ends now, in bytes; 0 where it does not exist yet. */
export async function fileSize(path: string): Promise<number> {
  try {
    await using file = await open(path, "r");
    return (await file.stat()).size;
  } catch {
    return 0;
  }
}

/**
 * What a process said last in its log, for people: the plain lines that it wrote to stderr, or, where there are none, the
 * messages of its last JSON lines. Only what stands behind `fromByte` counts. Empty where it said nothing.
 */
export async function lastWordsOf(path: string, fromByte: number): Promise<string> {
  const lines = (await readTail(path, fromByte)).split("\n").filter((line) => line.trim() !== "");
  const plain = lines.filter((line) => !line.startsWith("{"));
  const words = plain.length > 0 ? plain : lines.map(messageOfJsonLine);
  return words.slice(-LINES_MAX).join(" | ").trim();
}

async function readTail(path: string, fromByte: number): Promise<string> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    const start = Math.max(fromByte, size - TAIL_BYTES_MAX);
    if (size <= start) return "";
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return "";
  }
}

function messageOfJsonLine(line: string): string {
  try {
    const entry: unknown = JSON.parse(line);
    const message = typeof entry === "object" && entry !== null && "msg" in entry ? entry.msg : null;
    return typeof message === "string" ? message : line;
  } catch {
    return line;
  }
}
