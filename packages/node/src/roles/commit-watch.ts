import {
  BackgroundLoop,
  ChangeSignal,
  DeadlinePassed,
  messageOf,
  orAbort,
  sleepOrWake,
  TaskQueue,
  withDeadline,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { SqlExecutor } from "@understudy/sql-executor";

/** What {@link CommitWatch} needs. */
export interface CommitWatchOptions {
  readonly executor: Pick<SqlExecutor, "withAdmin">;
  readonly epoch: bigint;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Commits do not go through any more: the lead should be given up. */
  readonly onStalled: () => void;
}

/** What came of a commit that did not go through. */
interface Problem {
  readonly text: string;
  /** It hangs: there is nothing to wait for any more. */
  readonly isSure: boolean;
}

const EVERY_MS = 1000;
/** A commit that does not return for so long counts as one that never will. */
const COMMIT_MS = 3000;
/** A server that has refused or broken a connection is asked once more after this, before it counts as gone. */
const AGAIN_MS = 200;
const TURNS_MAX = 4;

/**
 * Watches that commits go through on a master: where none was seen for a second, it commits a row of its own
 * (`understudy.heartbeat`). A master whose database server is frozen, full or dead is as useless as a dead one.
 */
export class CommitWatch implements AsyncDisposable {
  readonly #of: CommitWatchOptions;
  readonly #loop: BackgroundLoop;
  readonly #doubted = new ChangeSignal();
  readonly #ended = new AbortController();
  readonly #turn = new TaskQueue(
    TURNS_MAX,
    () => new UnderstudyError("overloaded", "the commit watch is busy"),
  );
  #committedAtMs: number;
  #isDoubted = false;
  #isHeld = false;
  #stalled: Problem | null = null;

  constructor(options: CommitWatchOptions) {
    this.#of = options;
    this.#committedAtMs = options.clock.monotonicMs();
    this.#loop = new BackgroundLoop(
      (signal) => this.#run(signal),
      (error) => options.logger.error({ event: "commit-watch-ended", err: error }, messageOf(error)),
    );
  }

  /** Why commits do not go through; null while they do. */
  get stalled(): string | null {
    return this.#stalled?.text ?? null;
  }

  /** True where they do not return at all, as on a full disk; a server that died commits again when it is back. */
  get hangs(): boolean {
    return this.#stalled?.isSure ?? false;
  }

  /** A commit has just returned. */
  noteCommit(): void {
    this.#committedAtMs = this.#of.clock.monotonicMs();
  }

  /** The server may be gone: it is asked at once. */
  doubt(): void {
    this.#isDoubted = true;
    this.#doubted.notify();
  }

  /** Commits nothing of its own until {@link release}. Resolves when what it had under way is over. */
  async hold(): Promise<void> {
    this.#isHeld = true;
    await this.#turn.done();
  }

  /** Ends a {@link hold}. */
  release(): void {
    this.#isHeld = false;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#of;
    for (let failures = 0; ;) {
      const doubted = this.#doubted.next();
      const problem = await this.#turn.run(() => this.#tryCommit());
      signal.throwIfAborted();
      failures = problem === null ? 0 : failures + 1;
      this.#judge(problem, failures);
      // further doubts say no more than the first
      if (problem === null) await sleepOrWake({ clock, ms: EVERY_MS, woken: doubted, signal });
      else await clock.sleep(AGAIN_MS, signal);
    }
  }

  /** One failure may be a connection that broke; a second one, or a commit that hangs, is the server. */
  #judge(problem: Problem | null, failures: number): void {
    const before = this.#stalled;
    if (problem === null) this.#stalled = null;
    else if (problem.isSure || failures > 1) this.#stalled = problem;
    if (before === null && this.#stalled !== null) this.#of.onStalled();
  }

  async #tryCommit(): Promise<Problem | null> {
    if (this.#isHeld) return null;
    // a commit from before the doubt may be noted after it: it does not settle it
    const isDue = this.#isDoubted || this.#of.clock.monotonicMs() - this.#committedAtMs >= EVERY_MS;
    this.#isDoubted = false;
    return isDue ? this.#commitOnce() : null;
  }

  async #commitOnce(): Promise<Problem | null> {
    const { clock } = this.#of;
    const commit = this.#commit();
    try {
      // a server that is frozen does not even let a statement be ended
      await withDeadline({ clock, ms: COMMIT_MS, signal: this.#ended.signal }, (bounded) =>
        orAbort(commit, bounded),
      );
      this.noteCommit();
      return null;
    } catch (error) {
      return { text: messageOf(error), isSure: error instanceof DeadlinePassed };
    }
  }

  async #commit(): Promise<void> {
    const { executor, epoch } = this.#of;
    await executor.withAdmin(
      (session) =>
        session.run(
          `INSERT INTO understudy.heartbeat (id, epoch, beat_at) VALUES (1, ?, UTC_TIMESTAMP(6))
           ON DUPLICATE KEY UPDATE epoch = VALUES(epoch), beat_at = VALUES(beat_at)`,
          [epoch],
        ),
      { timeoutMs: COMMIT_MS },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new DOMException("the role has ended", "AbortError"));
    await this.#loop[Symbol.asyncDispose]();
  }
}
