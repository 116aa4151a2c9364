import type { GtidPosition } from "@understudy/binlog";
import type { NodeClient } from "@understudy/client";
import type { LagMeter } from "@understudy/health-monitor";
import { messageOf, orAbort, type Clock, type Logger } from "@understudy/kernel";
import type { AskedPosition, FollowingSource } from "./read-source.ts";
import { RoleReads, type RoleReadsOptions } from "./role-reads.ts";

/** What {@link SlaveReads} needs. */
export interface SlaveReadsOptions extends RoleReadsOptions {
  /** Throws `no-leader` while there is none. */
  readonly master: () => Pick<NodeClient, "position">;
  readonly parsePosition: (text: string) => GtidPosition;
  readonly epoch: () => bigint;
  readonly lag: LagMeter<GtidPosition>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A read that allows for more than this would not wait so long for the master's word. */
const ASK_TIMEOUT_MS = 1000;

/** What reads see on a slave: what its applier has committed. */
export class SlaveReads extends RoleReads implements FollowingSource, Disposable {
  readonly #options: SlaveReadsOptions;
  #asking: Promise<AskedPosition | null> | null = null;

  constructor(options: SlaveReadsOptions) {
    super(options);
    this.#options = options;
  }

  /** The applier has committed everything up to `position`. */
  advance(position: GtidPosition): void {
    this.#options.lag.applied(position);
    this.progress.advance(position);
  }

  async reached(wanted: GtidPosition, signal: AbortSignal): Promise<void> {
    await this.progress.until(wanted, signal);
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
      const answer = await master().position({ signal: this.ended, timeoutMs: ASK_TIMEOUT_MS });
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
    this.end();
  }
}
