import type { ClusterEvent } from "@understudy/protocol";
import type { Clock } from "@understudy/kernel";
import type { ClusterAction } from "../state/cluster-state.ts";

/** How often what is heard is drawn at most. */
const BATCH_MS = 100;
/** Events that wait for a batch; of more, the oldest are left out, as they would be of the views' own memory. */
const WAITING_MAX = 1_000;

/** Gathers what is heard and hands it on together, at most ten times a second. What comes alone after a pause is handed on at once. */
export class EventBatch {
  readonly #clock: Clock;
  readonly #deliver: (heard: readonly ClusterAction[]) => void;
  #waiting: ClusterAction[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;
  #isDue = false;

  constructor(clock: Clock, deliver: (heard: readonly ClusterAction[]) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** Takes something heard; `signal` ends the wait for its batch. */
  add(action: ClusterAction, signal: AbortSignal): void {
    this.#waiting.push(action);
    if (this.#waiting.length > WAITING_MAX) this.#waiting = this.#waiting.slice(-WAITING_MAX);
    if (this.#isDue) return;
    const waitMs = this.#lastMs + BATCH_MS - this.#clock.monotonicMs();
    if (waitMs <= 0) {
      this.#flush();
      return;
    }
    this.#isDue = true;
    this.#clock.sleep(waitMs, signal).then(
      () => this.#flush(),
      () => undefined,
    );
  }

  #flush(): void {
    const heard = this.#waiting;
    this.#waiting = [];
    this.#isDue = false;
    this.#lastMs = this.#clock.monotonicMs();
    if (heard.length > 0) this.#deliver(together(heard));
  }
}

/** Events that follow each other as one action, so that the ring is copied once. */
function together(heard: readonly ClusterAction[]): ClusterAction[] {
  const merged: ClusterAction[] = [];
  let url: string | null = null;
  let events: ClusterEvent[] = [];
  for (const action of heard) {
    if (action.kind === "events" && action.url === url) {
      events.push(...action.events);
      continue;
    }
    if (action.kind === "events") {
      ({ url } = action);
      events = [...action.events];
      merged.push({ kind: "events", url, events });
    } else {
      url = null;
      merged.push(action);
    }
  }
  return merged;
}
