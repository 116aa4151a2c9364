import { execFile } from "node:child_process";
import { mkdir, statfs } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const SIZE_MIB = 1536;

/** Why file systems can't be mounted here, in a sentence; null where they can. */
export function noSmallDisks(): string | null {
  if (process.platform !== "linux") return "full disks are made with Linux's tmpfs";
  return process.getuid?.() === 0
    ? null
    : "a full disk needs a file system of its own, which only root can mount";
}

/**
 * A file system of its own (tmpfs) for each database server, whose size can be brought down to what is in it: then it is full, until it
 * gets its size back. Disposal unmounts them.
 */
export class SmallDisks {
  readonly #folders: string[] = [];

  /** Mounts one on each of these folders, which may be missing yet. */
  async open(folders: readonly string[]): Promise<AsyncDisposable> {
    for (const folder of folders) {
      await mkdir(folder, { recursive: true });
      await run("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m,mode=755`, "understudy-drill", folder]);
      this.#folders.push(folder);
    }
    return { [Symbol.asyncDispose]: () => this.#close() };
  }

  /** From now on not a byte more fits onto the disk that `path` is on. */
  async fill(path: string): Promise<void> {
    const folder = this.#folderOf(path);
    const { blocks, bfree, bsize } = await statfs(folder);
    // what is written meanwhile makes it too small to be allowed: then a little more of it
    for (let spare = 0; ; spare++) {
      const kib = Math.ceil(((blocks - bfree) * bsize) / 1024) + spare * 256;
      try {
        await resize(folder, `${kib}k`);
        return;
      } catch (error) {
        if (spare > 20) throw error;
      }
    }
  }

  /** There is room again. */
  async free(path: string): Promise<void> {
    await resize(this.#folderOf(path), `${SIZE_MIB}m`);
  }

  #folderOf(path: string): string {
    const folder = this.#folders.find((one) => path.startsWith(`${one}/`));
    if (folder === undefined) throw new Error(`${path} is on no disk of this cluster`);
    return folder;
  }

  async #close(): Promise<void> {
    for (const folder of this.#folders.splice(0)) await run("umount", ["--lazy", folder]);
  }
}

async function resize(folder: string, size: string): Promise<void> {
  await run("mount", ["-o", `remount,size=${size}`, folder]);
}
