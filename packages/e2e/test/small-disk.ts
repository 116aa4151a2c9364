import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A file system of its own (tmpfs) on a folder. Disposal unmounts it, with all that is in it. */
export interface SmallDisk extends AsyncDisposable {
  resize(size: string): Promise<void>;
}

/** Mounts one of that size, as `64k`; gives the reason, in a sentence, where that can't be done here. */
export async function mountSmallDisk(folder: string, size: string): Promise<SmallDisk | string> {
  await mkdir(folder, { recursive: true });
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${size},mode=755`, "understudy-test", folder]);
  } catch (error) {
    return `a full disk needs a file system of its own, which can't be mounted here: ${String(error)}`;
  }
  return {
    resize: async (to) => {
      await run("mount", ["-o", `remount,size=${to}`, folder]);
    },
    [Symbol.asyncDispose]: async () => {
      await run("umount", ["--lazy", folder]);
    },
  };
}
