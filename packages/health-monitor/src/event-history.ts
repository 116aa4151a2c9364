import { ChangeSignal, isAbortOf, orAbort, type Clock } from "@understudy/kernel";
import type { ClusterEvent, EventsAnswer } from "@understudy/protocol";

/** Options of {@link EventHistory}. */
export interface EventHistoryOptions {
  /** The node that keeps the history; events are its own where nothing else is said. */
  readonly nodeId: string;
  readonly clock: Clock;
  /** Events kept; the oldest leave first. Default 1,000. */
  readonly limit?: number | undefined;
}

/** The latest events of a cluster as one node saw them, numbered from 1 without gaps. Kept in memory only. */
export class EventHistory {
  readonly #nodeId: string;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #changed = new ChangeSignal();
  #events: ClusterEvent[] = [];
  #lastId = 0;

  constructor(options: EventHistoryOptions) {
    this.#nodeId = options.nodeId;
    this.#clock = options.clock;
    this.#limit = Math.max(1, options.limit ?? 1_000);
  }

  /** Adds an event about `nodeId` (default: the node itself) and wakes the followers. */
  record(kind: ClusterEvent["kind"], message: string, nodeId: string = this.#nodeId): ClusterEvent {
    this.#lastId += 1;
    const time = new Date(this.#clock.nowMs()).toISOString();
    const event: ClusterEvent = { id: this.#lastId, time, nodeId, kind, message };
    this.#events.push(event);
    // Cut in bulk, so that a full history does not move all its events at each new one.
    if (this.#events.length >= 2 * this.#limit) this.#events = this.#kept();
    this.#changed.notify();
    return event;
  }

  /**
   * The oldest events with ids above `after`, at most `limit`, and in `next` what to pass as `after` the next time.
   * An `after` that this history has not reached comes from before a restart, and reads from the start.
   */
  list(range: { readonly after: number; readonly limit: number }): EventsAnswer {
    const after = range.after > this.#lastId ? 0 : range.after;
    const kept = this.#kept();
    const first = kept.findIndex((event) => event.id > after);
    const events = first < 0 ? [] : kept.slice(first, first + Math.max(0, range.limit));
    return { events, next: events.at(-1)?.id ?? after };
  }

  /**
   * Events with ids above `after` (default: only new ones) as they come, until the signal aborts; then it just ends.
   * A follower that is slower than the history forgets misses events, which their ids show.
   */
  async *follow(signal: AbortSignal, after: number = this.#lastId): AsyncGenerator<ClusterEvent, void> {
    let next = after;
    while (!signal.aborted) {
      const changed = this.#changed.next();
      const page = this.list({ after: next, limit: 100 });
      next = page.next;
      yield* page.events;
      if (page.events.length > 0) continue;
      try {
        await orAbort(changed, signal);
      } catch (error) {
        if (!isAbortOf(error, signal)) throw error;
      }
    }
  }

  #kept(): ClusterEvent[] {
    return this.#events.slice(-this.#limit);
  }
}
