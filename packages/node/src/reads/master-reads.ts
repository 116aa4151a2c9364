import type { GtidPosition } from "@understudy/binlog";
import {
  anySignal,
  BackgroundLoop,
  ChangeSignal,
  isAbortOf,
  messageOf,
  orAbort,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { EpochHistory } from "./epoch-history.ts";
import { FreshAnswer } from "./fresh-answer.ts";
import { Progress } from "./progress.ts";
import type { ReadSource } from "./read-source.ts";

/** What {@link MasterReads} needs. */
export interface MasterReadsOptions {
  /** What was visible when the role began. */
  readonly visible: GtidPosition;
  /** The reader of the binlog: how far it is, and when it has come further. */
  readonly binlog: { readonly position: GtidPosition; readOn(): Promise<void> };
  /** Asks the server what every query sees from now on; null where it can't tell just now. */
  readonly askVisible: () => Promise<GtidPosition | null>;
  /** Asks the server for all that a query may have seen up to now. */
  readonly askSeen: () => Promise<GtidPosition>;
  readonly epochs: EpochHistory;
  readonly epochChanged: ChangeSignal;
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
export class MasterReads implements ReadSource, AsyncDisposable {
  readonly delivered = new ChangeSignal();
  readonly #options: MasterReadsOptions;
  readonly #visible: Progress;
  readonly #logged: Progress;
  readonly #visibleAnswer: FreshAnswer<GtidPosition | null>;
  readonly #seenAnswer: FreshAnswer<GtidPosition>;
  readonly #end = new AbortController();
  readonly #loops: readonly BackgroundLoop[];

  constructor(options: MasterReadsOptions) {
    this.#options = options;
    this.#visible = new Progress(options.visible);
    this.#logged = new Progress(options.binlog.position);
    this.#visibleAnswer = new FreshAnswer(options.askVisible);
    this.#seenAnswer = new FreshAnswer(options.askSeen);
    const loop = (run: (signal: AbortSignal) => Promise<void>): BackgroundLoop =>
      new BackgroundLoop(run, (error) =>
        options.logger.error({ event: "master-reads-ended", err: error }, messageOf(error)),
      );
    this.#loops = [loop((signal) => this.#follow(signal)), loop((signal) => this.#keepUp(signal))];
  }

  get visible(): GtidPosition {
    return this.#visible.current;
  }

  get epochs(): EpochHistory {
    return this.#options.epochs;
  }

  get epochChanged(): ChangeSignal {
    return this.#options.epochChanged;
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** A write has been committed here: from now on every query sees it. */
  noteWrite(written: GtidPosition): void {
    this.#visible.advance(this.#visible.current.union(written));
  }

  async askSeen(): Promise<GtidPosition> {
    return this.#seenAnswer.get();
  }

  async reached(wanted: GtidPosition, signal: AbortSignal): Promise<void> {
    if (this.visible.contains(wanted)) return;
    const either = new AbortController();
    const ended = anySignal(signal, either.signal);
    try {
      // it is confirmed here, or else logged here and then visible
      await Promise.race([this.#visible.until(wanted, ended), this.#askUntil(wanted, ended)]);
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
    this.#end.abort(new UnderstudyError("starting", "this node's role has ended"));
    await Promise.all(this.#loops.map((loop) => loop[Symbol.asyncDispose]()));
  }
}
