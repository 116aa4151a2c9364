import { join } from "node:path";
import type { ApplyFailure } from "@understudy/applier";
import Type from "typebox";
import { Value } from "typebox/value";
import { forgetFile, keepFile, readKeptFile } from "../kept-file.ts";

const FILE = "applier-broken.json";
const nullable = <T extends Type.TSchema>(type: T) => Type.Union([type, Type.Null()]);
const KeptFailure = Type.Object({
  gtid: Type.String(),
  table: nullable(Type.String()),
  error: Type.String(),
  errno: nullable(Type.Integer()),
  isDivided: Type.Boolean(),
});

/**
 * The transaction that this node could not apply, kept in its data folder: a restart cures nothing, and a server that has only a part of it
 * does not show that. Null where none is kept. A file that can't be understood counts as a failure; throws where it can't be read.
 */
export async function readKeptFailure(dataDir: string): Promise<ApplyFailure | null> {
  const path = join(dataDir, FILE);
  const text = await readKeptFile(path);
  if (text === null) return null;
  const told = parse(text);
  if (Value.Check(KeptFailure, told)) return told;
  return {
    gtid: "(unknown)",
    table: null,
    error: `${path} can't be understood`,
    errno: null,
    isDivided: true,
  };
}

/** Resolves when it is on the disk. */
export async function keepFailure(dataDir: string, failure: ApplyFailure): Promise<void> {
  const { gtid, table, error, errno, isDivided } = failure;
  await keepFile(join(dataDir, FILE), `${JSON.stringify({ gtid, table, error, errno, isDivided })}\n`);
}

/** To be called when a fresh copy is whole, or a person says that the cause is gone. Resolves when it is forgotten for good. */
export async function forgetFailure(dataDir: string): Promise<void> {
  await forgetFile(join(dataDir, FILE));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
