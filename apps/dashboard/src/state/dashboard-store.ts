import { reduceDashboard, type DashboardAction, type DashboardState } from "./dashboard-state.ts";

/**
 * Holds the one state. `dispatch` is done when it returns, so that of several keys that arrive at once each is judged by what
 * the ones before it have done.
 */
export class DashboardStore {
  #state: DashboardState;
  readonly #listeners = new Set<() => void>();

  constructor(state: DashboardState) {
    this.#state = state;
  }

  readonly getState = (): DashboardState => this.#state;

  /** Calls `listener` after each change; gives back what ends that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  readonly dispatch = (action: DashboardAction): void => {
    const next = reduceDashboard(this.#state, action);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#listeners) listener();
  };
}
