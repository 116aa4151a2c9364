import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { open, readFile, stat, unlink } from "node:fs/promises";
import { keepFile } from "../kept-file.ts";
import { parseTokenFile, type TokenEntry, type TokenFile } from "./token-file.ts";

const MODE = 0o600;
const PERMISSIONS = 0o777;

/** The tokens of a file; none where there is no such file. Throws `config-invalid`. */
export async function readTokens(path: string): Promise<readonly TokenEntry[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return '{"tokens": []}';
    throw new UnderstudyError("config-invalid", `the tokens can't be read: ${messageOf(error)}`);
  });
  return parseTokenFile(text, path).tokens;
}

/**
 * Puts changed tokens in the place of a file's, whole or not at all, with the permissions that it has (a new one: its owner's alone).
 * One change at a time. Throws `config-invalid` for what the file could not hold, and changes nothing then.
 */
export async function changeTokens(
  path: string,
  change: (tokens: readonly TokenEntry[]) => readonly TokenEntry[],
): Promise<void> {
  const lock = `${path}.lock`;
  const held = await open(lock, "wx", MODE).catch((error: unknown) => {
    const reason = isCode(error, "EEXIST")
      ? `another command is changing the tokens; where none is, remove ${lock}`
      : messageOf(error);
    throw new UnderstudyError("config-invalid", reason);
  });
  try {
    const mode = await stat(path).then(
      (found) => found.mode & PERMISSIONS,
      () => MODE,
    );
    const file: TokenFile = { tokens: [...change(await readTokens(path))] };
    const text = `${JSON.stringify(file, null, 2)}\n`;
    parseTokenFile(text, path);
    await keepFile(path, text, mode);
  } finally {
    await held.close();
    await unlink(lock);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
