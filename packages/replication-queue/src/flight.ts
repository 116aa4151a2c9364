import type { GtidPosition } from "@understudy/binlog";
import { ChangeSignal, isAbortOf } from "@understudy/kernel";
import type { Delivery, SlaveEndpoint } from "./delivery.ts";

/** What {@link Flight} needs. */
export interface FlightOptions {
  readonly endpoint: SlaveEndpoint;
  readonly inFlightMax: number;
  readonly signal: AbortSignal;
  /** Called for each delivery that the slave acked. */
  readonly onAck: (acked: GtidPosition, delivery: Delivery, lastIndex: number | null) => void;
}

/**
 * The deliveries under way to one slave, bounded in number. After the first failure nothing more is sent, what is under
 * way is cut, and every wait here rejects with that failure.
 */
export class Flight implements AsyncDisposable {
  readonly #options: FlightOptions;
  readonly #cut = new AbortController();
  readonly #either: AbortSignal;
  readonly #landed = new ChangeSignal();
  readonly #underway = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;

  constructor(options: FlightOptions) {
    this.#options = options;
    this.#either = AbortSignal.any([options.signal, this.#cut.signal]);
  }

  get size(): number {
    return this.#underway.size;
  }

  /** Throws the failure, where there was one. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Sends a delivery; the caller has waited for room. `lastIndex` is the window index that its ack reaches. */
  send(delivery: Delivery, lastIndex: number | null): void {
    const task: Promise<void> = this.#deliver(delivery, lastIndex).finally(() => {
      this.#underway.delete(task);
      this.#landed.notify();
    });
    this.#underway.add(task);
  }

  /** Resolves when another delivery may be sent. */
  async room(): Promise<void> {
    await this.#until(() => this.#underway.size < this.#options.inFlightMax);
  }

  /** Resolves when nothing is under way. */
  async drained(): Promise<void> {
    await this.#until(() => this.#underway.size === 0);
  }

  /** Resolves with the next landing, for whoever waits for something else at the same time. */
  landing(): Promise<void> {
    return this.#landed.next();
  }

  async #until(condition: () => boolean): Promise<void> {
    await this.#landed.until(() => this.#failure !== null || condition(), this.#options.signal);
    this.check();
  }

  async #deliver(delivery: Delivery, lastIndex: number | null): Promise<void> {
    const { endpoint, onAck, signal } = this.#options;
    try {
      const acked = await endpoint.deliver(delivery, this.#either);
      onAck(acked, delivery, lastIndex);
    } catch (error) {
      if (this.#failure || isAbortOf(error, signal)) return;
      this.#failure = { error };
      this.#cut.abort(new DOMException("an earlier delivery failed", "AbortError"));
    }
  }

  /** Cuts what is under way and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= { error: new DOMException("disposed", "AbortError") };
    this.#cut.abort(new DOMException("disposed", "AbortError"));
    await Promise.allSettled(this.#underway);
  }
}
