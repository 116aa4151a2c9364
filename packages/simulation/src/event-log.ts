import { createHash } from "node:crypto";
import type { Scheduler } from "./scheduler.ts";

/** Everything that happened, in order, for people and to compare two runs. */
export class EventLog {
  readonly #lines: string[] = [];
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  add(who: string, what: string): void {
    this.#lines.push(`${(this.#scheduler.nowMs / 1000).toFixed(4).padStart(9)} ${who.padEnd(7)} ${what}`);
  }

  get text(): string {
    return this.#lines.join("\n");
  }

  /** The same for the same events at the same times. */
  get digest(): string {
    return createHash("sha256").update(this.text).digest("hex");
  }
}
