import { join } from "node:path";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { UnderstudyError } from "@understudy/protocol";
import { forgetFile, keepFile, readKeptFile } from "../kept-file.ts";

const FILE = "hand-over.json";
const KeptHandOver = Type.Object({
  offer: Type.String(),
  epoch: Type.String({ pattern: "^\\d{1,19}$" }),
  nodeId: Type.String(),
  url: Type.String(),
});

/** A lead that was offered to another node, without a word yet on whether it was taken. */
export type KeptHandOver = Static<typeof KeptHandOver>;

/**
 * The hand-over that a master without elections has begun and not heard the end of, kept in its data folder: also after a restart it must
 * not lead before it knows. Null where there is none. Throws `config-invalid` for a file that can't be understood.
 */
export async function readKeptHandOver(dataDir: string): Promise<KeptHandOver | null> {
  const path = join(dataDir, FILE);
  const text = await readKeptFile(path);
  if (text === null) return null;
  try {
    const told: unknown = JSON.parse(text);
    if (Value.Check(KeptHandOver, told)) return told;
  } catch {
    // said below
  }
  throw new UnderstudyError(
    "config-invalid",
    `${path} tells of a lead that was handed over, and can't be understood: remove it once you know that no other node leads`,
  );
}

/** Resolves when it is on the disk. */
export async function keepHandOver(dataDir: string, handOver: KeptHandOver): Promise<void> {
  await keepFile(join(dataDir, FILE), `${JSON.stringify(handOver)}\n`);
}

/** Its end is known. */
export async function forgetHandOver(dataDir: string): Promise<void> {
  await forgetFile(join(dataDir, FILE));
}
