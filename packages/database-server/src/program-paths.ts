import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Folders that are searched beside PATH, since servers are often installed where only root's PATH leads. */
const MORE_FOLDERS = [
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/local/bin",
  "/opt/homebrew/bin",
  "/usr/libexec",
  "/usr/local/mysql/bin",
];

/** Where programs of these names are that this process may run: the first name's first, on PATH before the usual folders. */
export async function programPaths(names: readonly string[], searchPath: string): Promise<string[]> {
  const folders = [...searchPath.split(delimiter).filter(Boolean), ...MORE_FOLDERS];
  const found: string[] = [];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (!found.includes(path) && (await isExecutable(path))) found.push(path);
    }
  }
  return found;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
