import { access } from "node:fs/promises";

/** True where there is a file or folder of this path that this process may see. */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
