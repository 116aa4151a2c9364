import { TaskQueue } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { SqlExecutor } from "@understudy/sql-executor";
import { fenceServer } from "./fence.ts";
import { applyServerMode } from "./server-mode.ts";

const CHANGES_MAX = 16;
const CHANGE_MS = 5000;

/**
 * Whether plain clients may write to a master's database server. Its changes run one after another, so that one which was held up
 * never undoes a later one, and a server that comes back is made what is wanted by then.
 */
export class WriteAccess {
  readonly #executor: SqlExecutor;
  readonly #changes = new TaskQueue(
    CHANGES_MAX,
    () => new UnderstudyError("overloaded", "the database server does not answer to changes of its mode"),
  );
  #isWanted = true;
  #isOver = false;

  constructor(executor: SqlExecutor) {
    this.#executor = executor;
  }

  /** Lets clients write. Throws `no-leader` after {@link end}, else `database-unavailable` or `timeout`. */
  async open(): Promise<void> {
    if (this.#isOver) throw new UnderstudyError("no-leader", "this node is no longer the master");
    this.#isWanted = true;
    await this.restore();
  }

  /** Makes the server what is wanted by now, where a restart has made it forget. Throws as {@link open}. */
  async restore(): Promise<void> {
    await this.#changes.run(() =>
      applyServerMode(this.#executor, this.#isWanted ? "master" : "slave", { timeoutMs: CHANGE_MS }),
    );
  }

  /** Ends clients' sessions and lets them write no more. Throws where that can't be had in time. */
  async close(): Promise<void> {
    this.#isWanted = false;
    await this.#changes.run(() => fenceServer(this.#executor));
  }

  /** {@link close}, for good. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.close();
  }
}
