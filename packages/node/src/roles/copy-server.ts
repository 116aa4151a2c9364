import { UnderstudyError, type CopyProgress } from "@understudy/protocol";
import { openSnapshot, type Snapshot } from "@understudy/snapshot";
import { CLIENT_ACCOUNTS } from "@understudy/sql-executor";
import type { RoleServices } from "../node-services.ts";
import { copyPrograms } from "../rejoin/copy-programs.ts";

/** One at a time: each reads the whole server. */
const COPIES_MAX = 1;

/** Makes copies of a master's data for members that need one, and knows how far each is. */
export class CopyServer {
  readonly #services: RoleServices;
  readonly #progress = new Map<string, CopyProgress>();

  constructor(services: RoleServices) {
    this.#services = services;
  }

  /** Null while no copy is on its way to the member. */
  progressOf(nodeId: string): CopyProgress | null {
    return this.#progress.get(nodeId) ?? null;
  }

  /**
   * Begins a copy for a member; `signal` ends it. Throws `overloaded` while another one is under way, else as `openSnapshot`.
   * Disposal ends it, too.
   */
  async open(nodeId: string, signal: AbortSignal): Promise<Snapshot> {
    if (this.#progress.size >= COPIES_MAX) {
      const [other] = this.#progress.keys();
      throw new UnderstudyError(
        "overloaded",
        `a copy of the data is on its way to ${other} already; one at a time`,
      );
    }
    this.#progress.set(nodeId, {
      phase: "preparing",
      bytesDone: 0,
      bytesTotal: 0,
      tablesDone: 0,
      tablesTotal: 0,
    });
    const { config, executor, endpoint, logger, events } = this.#services;
    events.record("copy", `a copy of the data for ${nodeId} begins`, nodeId);
    try {
      const snapshot = await openSnapshot({
        flavour: executor.server.flavour,
        endpoint,
        nodeAccounts: CLIENT_ACCOUNTS,
        ...copyPrograms(config),
        signal,
        onProgress: (progress) => this.#note(nodeId, progress),
        logger,
      });
      return {
        position: snapshot.position,
        pid: snapshot.pid,
        body: snapshot.body,
        [Symbol.asyncDispose]: async () => {
          this.#progress.delete(nodeId);
          await snapshot[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      this.#progress.delete(nodeId);
      throw error;
    }
  }

  #note(nodeId: string, progress: CopyProgress): void {
    if (!this.#progress.has(nodeId)) return;
    const { phase, bytesDone, bytesTotal, tablesDone, tablesTotal } = progress;
    this.#progress.set(nodeId, { phase, bytesDone, bytesTotal, tablesDone, tablesTotal });
  }
}
