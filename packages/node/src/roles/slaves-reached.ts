import type { SlavesInSync } from "@understudy/election";
import type { HealthMonitor } from "@understudy/health-monitor";
import { BackgroundLoop, messageOf, type Clock, type Logger } from "@understudy/kernel";

/** What {@link SlavesReached} needs. */
export interface SlavesReachedOptions {
  readonly inSync: () => SlavesInSync;
  readonly monitor: Pick<HealthMonitor, "stateOf" | "silentForMs" | "probeNow">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Without elections nobody else could lead, and it is not watched. */
  readonly hasElections: boolean;
  /** A new master's slaves have that much longer to find it. */
  readonly graceMs: number;
  /** It is alone by now: its election should look. */
  readonly onAlone: () => void;
}

/** How often it is looked at who is there. */
const LOOK_MS = 500;
/** Whoever was there, and has said nothing for so long, is asked. */
const ASK_MS = 1000;
/** Whoever has said nothing for so long is not there, as one that acks nothing does not follow. */
const SILENCE_MS = 2500;
/** After so long without enough of them a master is alone: in all a little less than a lease that nobody renews would hold. */
const ALONE_MS = 1250;

/** Whether a master reaches so many slaves as confirm a write. */
export class SlavesReached implements AsyncDisposable {
  readonly #of: SlavesReachedOptions;
  readonly #loop: BackgroundLoop;
  #reachedAtMs: number;
  #hasReached = false;

  constructor(options: SlavesReachedOptions) {
    this.#of = options;
    const { clock, logger, graceMs } = options;
    this.#reachedAtMs = clock.monotonicMs() + graceMs;
    this.#loop = new BackgroundLoop(
      (signal) => this.#run(signal),
      (error) => {
        if (error !== undefined) logger.error({ event: "reach-not-watched", err: error }, messageOf(error));
      },
    );
  }

  /** True where it has ever reached enough. */
  get hasReached(): boolean {
    return this.#hasReached;
  }

  /** Why no write can be confirmed by default: too few slaves can be reached. Null while enough can, or where no acks are asked for. */
  alone(): string | null {
    const { slaves, acks } = this.#of.inSync();
    const there = this.#look();
    if (this.#of.clock.monotonicMs() - this.#reachedAtMs < ALONE_MS) return null;
    return `it reaches ${there} of its ${slaves.length} slaves, and a write is confirmed by ${acks}`;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, onAlone, hasElections } = this.#of;
    if (!hasElections) return;
    for (;;) {
      await clock.sleep(LOOK_MS, signal);
      if (this.alone() !== null) onAlone();
    }
  }

  /** How many are there. */
  #look(): number {
    const { inSync, monitor, clock } = this.#of;
    const { slaves, following, acks } = inSync();
    const there = slaves.filter((nodeId) => {
      const isUp = monitor.stateOf(nodeId)?.state === "up";
      const silentMs = monitor.silentForMs(nodeId) ?? Number.POSITIVE_INFINITY;
      if (isUp && silentMs >= ASK_MS) monitor.probeNow(nodeId);
      // one that is busy with a long transaction acks nothing either, but it answers
      return following.includes(nodeId) || (isUp && silentMs < SILENCE_MS);
    });
    if (there.length >= acks) {
      this.#reachedAtMs = clock.monotonicMs();
      this.#hasReached = true;
    }
    return there.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}
