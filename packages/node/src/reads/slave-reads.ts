import type { GtidPosition } from "@understudy/binlog";
import type { NodeClient } from "@understudy/client";
import type { LagMeter } from "@understudy/health-monitor";
import { ChangeSignal, messageOf, orAbort, type Clock, type Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { EpochHistory } from "./epoch-history.ts";
import { FreshAnswer } from "./fresh-answer.ts";
import { Progress } from "./progress.ts";
import type { AskedPosition, FollowingSource } from "./read-source.ts";

/** What {@link SlaveReads} needs. */
export interface SlaveReadsOptions {
  /** What is committed here when the role begins. */
  readonly visible: GtidPosition;
  /** Asks the server for all that a query may have seen up to now. */
  readonly askSeen: () => Promise<GtidPosition>;
  readonly master: Pick<NodeClient, "position">;
  readonly parsePosition: (text: string) => GtidPosition;
  readonly epoch: () => bigint;
  readonly lag: LagMeter<GtidPosition>;
  readonly epochs: EpochHistory;
  readonly epochChanged: ChangeSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A read that allows for more than this would not wait so long for the master's word. */
const ASK_TIMEOUT_MS = 1000;

/** What reads see on a slave: what its applier has committed. */
export class SlaveReads implements FollowingSource, Disposable {
  readonly delivered = new ChangeSignal();
  readonly #options: SlaveReadsOptions;
  readonly #progress: Progress;
  readonly #seenAnswer: FreshAnswer<GtidPosition>;
  readonly #end = new AbortController();
  #asking: Promise<AskedPosition | null> | null = null;

  constructor(options: SlaveReadsOptions) {
    this.#options = options;
    this.#progress = new Progress(options.visible);
    this.#seenAnswer = new FreshAnswer(options.askSeen);
  }

  get visible(): GtidPosition {
    return this.#progress.current;
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

  /** The applier has committed everything up to `position`. */
  advance(position: GtidPosition): void {
    this.#options.lag.applied(position);
    this.#progress.advance(position);
  }

  async reached(wanted: GtidPosition, signal: AbortSignal): Promise<void> {
    await this.#progress.until(wanted, signal);
  }

  async askSeen(): Promise<GtidPosition> {
    return this.#seenAnswer.get();
  }

  staleBoundMs(): number | null {
    return this.#options.lag.staleBoundMs();
  }

  async askMaster(signal: AbortSignal): Promise<AskedPosition | null> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return orAbort(this.#asking, signal);
  }

  async #ask(): Promise<AskedPosition | null> {
    const { master, clock, lag, logger, parsePosition, epoch } = this.#options;
    const askedAtMs = clock.monotonicMs();
    try {
      const answer = await master.position({ signal: this.ended, timeoutMs: ASK_TIMEOUT_MS });
      // of a newer epoch this node has not heard yet, and to what came before it nobody can be held
      if (answer.state !== "master" || BigInt(answer.epoch) !== epoch()) return null;
      const position = parsePosition(answer.position);
      lag.heard({ position, atMs: clock.monotonicMs(), askedAtMs });
      return { position, askedAtMs };
    } catch (error) {
      logger.debug({ event: "master-not-asked" }, messageOf(error));
      return null;
    }
  }

  [Symbol.dispose](): void {
    this.#end.abort(new UnderstudyError("starting", "this node's role has ended"));
  }
}
