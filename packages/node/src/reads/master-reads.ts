import type { GtidPosition } from "@understudy/binlog";
import {
  anySignal,
  BackgroundLoop,
  isAbortOf,
  messageOf,
  orAbort,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { FreshAnswer } from "./fresh-answer.ts";
import { Progress } from "./progress.ts";
import { RoleReads, type RoleReadsOptions } from "./role-reads.ts";

/** What {@link MasterReads} needs. */
export interface MasterReadsOptions extends RoleReadsOptions {
  /** The reader of the binlog: how far it is, and when it has come further. */
  readonly binlog: { readonly position: GtidPosition; readOn(): Promise<void> };
  /** Asks the server what every query sees from now on; null where it can't tell just now. */
  readonly askVisible: () => Promise<GtidPosition | null>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes of this node are confirmed within this time after the binlog shows them; what is not by then is somebody else's. */
const CONFIRM_MS = 100;
const ASK_AGAIN_MIN_MS = 2;
const ASK_AGAIN_MAX_MS = 100;

/**
 * What reads see on a master. A write that was confirmed here is visible, since its commit is over. What only the binlog shows
 * (a plain client's write) is in the binlog a moment before it is visible: of that the server is asked.
 */
export class MasterReads extends RoleReads implements AsyncDisposable {
  readonly #options: MasterReadsOptions;
  readonly #logged: Progress;
  readonly #visibleAnswer: FreshAnswer<GtidPosition | null>;
  readonly #loops: readonly BackgroundLoop[];

  constructor(options: MasterReadsOptions) {
    super(options);
    this.#options = options;
    this.#logged = new Progress(options.binlog.position);
    this.#visibleAnswer = new FreshAnswer(options.askVisible);
    const loop = (run: (signal: AbortSignal) => Promise<void>): BackgroundLoop =>
      new BackgroundLoop(run, (error) =>
        options.logger.error({ event: "master-reads-ended", err: error }, messageOf(error)),
      );
    this.#loops = [loop((signal) => this.#follow(signal)), loop((signal) => this.#keepUp(signal))];
  }

  /** A write has been committed here: from now on every query sees it. */
  noteWrite(written: GtidPosition): void {
    this.progress.advance(this.visible.union(written));
  }

  async reached(wanted: GtidPosition, signal: AbortSignal): Promise<void> {
    if (this.visible.contains(wanted)) return;
    const either = new AbortController();
    const ended = anySignal(signal, either.signal);
    try {
      // it is confirmed here, or else logged here and then visible
      await Promise.race([this.progress.until(wanted, ended), this.#askUntil(wanted, ended)]);
    } finally {
      either.abort();
    }
  }

  async #askUntil(wanted: GtidPosition, signal: AbortSignal): Promise<void> {
    await this.#logged.until(wanted, signal);
    for (let pauseMs = ASK_AGAIN_MIN_MS; ; pauseMs = Math.min(2 * pauseMs, ASK_AGAIN_MAX_MS)) {
      signal.throwIfAborted();
      if (this.visible.contains(wanted)) return;
      await this.#ask();
      if (this.visible.contains(wanted)) return;
      await this.#options.clock.sleep(pauseMs, signal);
    }
  }

  /** Never rejects: a server that does not answer makes reads wait. */
  async #ask(): Promise<void> {
    try {
      const told = await this.#visibleAnswer.get();
      if (told) this.noteWrite(told);
    } catch (error) {
      if (!isAbortOf(error, this.ended)) {
        this.#options.logger.debug({ event: "visible-not-told" }, messageOf(error));
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { binlog } = this.#options;
    for (;;) {
      const next = binlog.readOn();
      this.#logged.advance(binlog.position);
      await orAbort(next, signal);
    }
  }

  /** Lets the visible position keep up with writes that others make, so that answers tell them, too. */
  async #keepUp(signal: AbortSignal): Promise<void> {
    const { binlog, clock } = this.#options;
    for (;;) {
      const next = binlog.readOn();
      const goal = binlog.position;
      if (this.visible.contains(goal)) {
        await orAbort(next, signal);
        continue;
      }
      await clock.sleep(CONFIRM_MS, signal);
      if (!this.visible.contains(goal)) await this.#ask();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
  }
}
