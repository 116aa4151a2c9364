import { BackgroundLoop, messageOf, sleepOrWake, type Clock, type Logger } from "@understudy/kernel";
import type { ClusterView } from "@understudy/protocol";
import type { LeaderLink } from "../roles/leader-link.ts";

const INTERVAL_MS = 2000;
const TIMEOUT_MS = 2000;

/** What {@link ViewFollower} needs. */
export interface ViewFollowerOptions {
  readonly link: LeaderLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with each new word and the one before it. Must not throw. */
  readonly onView: (before: ClusterView | null, now: ClusterView) => void;
}

/** Keeps the master's latest word on the cluster, so that a slave can tell of the other members, too. */
export class ViewFollower implements AsyncDisposable {
  readonly #loop: BackgroundLoop;
  #latest: ClusterView | null = null;

  constructor({ link, clock, logger, onView }: ViewFollowerOptions) {
    this.#loop = new BackgroundLoop(
      async (signal) => {
        for (;;) {
          const next = link.changed.next();
          try {
            const before = this.#latest;
            this.#latest = await link.client.cluster({ signal, timeoutMs: TIMEOUT_MS });
            onView(before, this.#latest);
          } catch (error) {
            signal.throwIfAborted();
            logger.debug({ event: "view-not-fetched" }, messageOf(error));
          }
          await sleepOrWake({ clock, ms: INTERVAL_MS, woken: next, signal });
        }
      },
      (error) => logger.error({ event: "view-follower-ended" }, messageOf(error)),
    );
  }

  /** Null before the master's first word. */
  get latest(): ClusterView | null {
    return this.#latest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}
