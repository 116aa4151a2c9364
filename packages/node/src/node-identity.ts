import { randomToken } from "@understudy/kernel";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The node's stable name: the configured one, else the one that its data folder keeps, made at the first start. */
export async function nodeIdOf(dataDir: string, configured: string | undefined): Promise<string> {
  if (configured !== undefined) return configured;
  const path = join(dataDir, "node-id");
  const kept = await readFile(path, "utf8").catch(() => "");
  if (kept.trim() !== "") return kept.trim();
  const made = `node-${randomToken(6).replaceAll(/[^A-Za-z0-9]/g, "x")}`;
  await mkdir(dataDir, { recursive: true });
  await writeFile(path, `${made}\n`);
  return made;
}
