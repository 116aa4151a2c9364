import type { GtidPosition } from "@understudy/binlog";
import { messageOf, type Logger } from "@understudy/kernel";
import type { ReplicationQueue } from "@understudy/replication-queue";

/** What {@link BinlogWatch} needs. */
export interface BinlogWatchOptions {
  readonly queue: Pick<ReplicationQueue, "failingForMs" | "position" | "problem" | "beginAt">;
  /** Asks the server what it has committed. */
  readonly executedPosition: () => Promise<GtidPosition>;
  /** Lets the server begin another file of its binlog. */
  readonly beginFile: () => Promise<void>;
  /** It goes on in another file; why, in a sentence. */
  readonly onBegunAnew: (sentence: string) => void;
  readonly logger: Logger;
  /** The binlog holds something that can't be read: the lead should be given up. */
  readonly onUnreadable: () => void;
}

/** A connection that broke is back in much less; a binlog that is damaged never gets better. */
const FAILING_MS = 3000;
/** By then another node leads, if one could. */
const NOBODY_ELSE_MS = 8000;

/**
 * Watches that a master can read its own binlog. Where it can't, it goes on committing what reaches nobody: a server whose disk was full may
 * have left half an event, and written on behind it (MariaDB does). The lead is given up then; where nobody else can have it, the master goes
 * on in a new file of its binlog, and its slaves take copies.
 */
export class BinlogWatch {
  readonly #of: BinlogWatchOptions;
  #reason: string | null = null;
  #isAsking = false;

  constructor(options: BinlogWatchOptions) {
    this.#of = options;
  }

  /** Why what is committed here reaches no slave; null while it can. */
  get unreadable(): string | null {
    return this.#of.queue.failingForMs === 0 ? null : this.#reason;
  }

  /** Reading has just failed. Must be quick, and does not throw. */
  noteProblem(): void {
    if (this.#isAsking || this.#of.queue.failingForMs < FAILING_MS) return;
    this.#isAsking = true;
    this.#judge()
      // a server that does not answer is the commit watch's matter
      .catch((error: unknown) => {
        this.#of.logger.debug({ event: "binlog-not-judged" }, messageOf(error));
      })
      .finally(() => (this.#isAsking = false));
  }

  /** A server that answers, and has more than can be read of it, is damaged. */
  async #judge(): Promise<void> {
    const { queue, executedPosition, onUnreadable } = this.#of;
    const executed = await executedPosition();
    const { position, problem } = queue;
    if (position.contains(executed) || queue.failingForMs < FAILING_MS) return;
    if (queue.failingForMs >= NOBODY_ELSE_MS) {
      await this.#beginAnew();
      return;
    }
    const words = problem === null ? "" : ` (${problem})`;
    this.#reason = `its binlog can't be read behind ${position.toString() || "its beginning"}${words}`;
    onUnreadable();
  }

  async #beginAnew(): Promise<void> {
    const { queue, executedPosition, beginFile, onBegunAnew } = this.#of;
    await beginFile();
    // asked for afterwards: whatever it does not have stands in the new file
    const position = await executedPosition();
    const because = this.#reason ?? "its binlog can't be read";
    queue.beginAt(position);
    this.#reason = null;
    onBegunAnew(
      `${because}: it goes on behind ${position.toString()}, in a new file; slaves that are not there yet take a copy`,
    );
  }
}
