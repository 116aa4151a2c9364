import { anySignal } from "@understudy/kernel";
import { UnderstudyError, type CopyGiven, type CopyProgress } from "@understudy/protocol";
import { openSnapshot, type Snapshot, type SnapshotOrigin } from "@understudy/snapshot";
import { CLIENT_ACCOUNTS } from "@understudy/sql-executor";
import type { RoleServices } from "../node-services.ts";
import { copyPrograms } from "../rejoin/copy-programs.ts";

/** A copy that somebody wants. */
export interface CopyOrder {
  /** The member that it is for; null for a backup. */
  readonly member: string | null;
  /** As in `OpenSnapshotOptions`; for a backup. */
  readonly origin?: () => Promise<SnapshotOrigin>;
  /** Must be quick and must not throw. */
  readonly onProgress?: (progress: CopyProgress) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** A copy that is being made. */
export interface Copy extends Snapshot {
  /** Aborts when it ends before its time: who writes it to a reader must not wait for him any more. */
  readonly cut: AbortSignal;
}

interface Current {
  readonly member: string | null;
  readonly life: AbortController;
  progress: CopyProgress;
}

const BEGINNING: CopyProgress = {
  phase: "preparing",
  bytesDone: 0,
  bytesTotal: 0,
  tablesDone: 0,
  tablesTotal: 0,
};

/** Makes copies of a node's data, one at a time since each reads the whole server, and knows how far it is. */
export class CopyServer {
  readonly #services: RoleServices;
  #current: Current | null = null;

  constructor(services: RoleServices) {
    this.#services = services;
  }

  /** What a master is told with each ack: the copy that is on its way to a member. */
  get told(): { readonly giving?: CopyGiven } {
    const { member = null, progress = BEGINNING } = this.#current ?? {};
    return member === null ? {} : { giving: { nodeId: member, progress } };
  }

  /** Null while no copy is on its way to the member. */
  progressOf(nodeId: string): CopyProgress | null {
    return this.#current?.member === nodeId ? this.#current.progress : null;
  }

  /** Ends the copy that is being made, and with it what it locks. */
  cut(reason: UnderstudyError): void {
    this.#current?.life.abort(reason);
  }

  /**
   * Begins a copy. Throws `overloaded` while another one is under way, else as `openSnapshot`. Disposal ends it.
   */
  async open({ member, origin, onProgress, signal }: CopyOrder): Promise<Copy> {
    this.checkFree();
    const current: Current = { member, life: new AbortController(), progress: BEGINNING };
    this.#current = current;
    const { config, executor, endpoint, logger, events } = this.#services;
    if (member === null) events.record("copy", "a backup of the data begins");
    else events.record("copy", `a copy of the data for ${member} begins`, member);
    const cut = anySignal(signal, current.life.signal);
    const release = (): void => {
      if (this.#current === current) this.#current = null;
    };
    try {
      const snapshot = await openSnapshot({
        flavour: executor.server.flavour,
        endpoint,
        nodeAccounts: CLIENT_ACCOUNTS,
        ...copyPrograms(config),
        ...(origin ? { origin } : {}),
        signal: cut,
        onProgress: ({ phase, bytesDone, bytesTotal, tablesDone, tablesTotal }) => {
          current.progress = { phase, bytesDone, bytesTotal, tablesDone, tablesTotal };
          onProgress?.(current.progress);
        },
        logger,
      });
      return {
        position: snapshot.position,
        bytesTotal: snapshot.bytesTotal,
        pid: snapshot.pid,
        body: snapshot.body,
        cut,
        [Symbol.asyncDispose]: async () => {
          release();
          await snapshot[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Throws `overloaded` while a copy is being made. */
  checkFree(): void {
    if (!this.#current) return;
    const { member } = this.#current;
    const other = member === null ? "a backup is being taken here" : `a copy is on its way to ${member}`;
    throw new UnderstudyError("overloaded", `${other} already; one at a time`);
  }
}
