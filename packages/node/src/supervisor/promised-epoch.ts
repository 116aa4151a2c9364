import { join } from "node:path";
import { TaskQueue } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { keepEpoch, readKeptEpoch } from "../roles/kept-epoch.ts";

const FILE = "promised-epoch";
const WAITING_MAX = 16;

/**
 * The last epoch whose master this node has promised, while etcd was away, to accept no other. It is on the disk before a promise is
 * given, so that a node which starts again knows that there was none, and need not wait for the end of one.
 */
export class PromisedEpoch {
  /** Of earlier lives. Null where the data folder can't tell: it is new, or was lost. */
  readonly before: bigint | null;
  readonly #path: string;
  readonly #writes = new TaskQueue(
    WAITING_MAX,
    () => new UnderstudyError("overloaded", "too many masters ask this node for a promise"),
  );
  #kept: bigint;

  private constructor(path: string, before: bigint | null) {
    this.#path = path;
    this.before = before;
    this.#kept = before ?? 0n;
  }

  /** From now on the folder can tell. A node that `isNew`, since its database was in no cluster yet, has promised nothing. */
  static async open(dataDir: string, { isNew }: { readonly isNew: boolean }): Promise<PromisedEpoch> {
    const path = join(dataDir, FILE);
    const kept = await readKeptEpoch(path);
    if (kept === null) await keepEpoch(path, 0n);
    return new PromisedEpoch(path, kept ?? (isNew ? 0n : null));
  }

  /** To be called before a promise to a master of this epoch is given; resolves when it is on the disk. */
  async keep(epoch: bigint): Promise<void> {
    await this.#writes.run(async () => {
      if (epoch <= this.#kept) return;
      await keepEpoch(this.#path, epoch);
      this.#kept = epoch;
    });
  }
}
