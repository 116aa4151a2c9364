import type { BinlogEvent } from "./binlog-event.ts";

/**
 * Where the socket puts events and the reader takes them, all that wait at once. It tells its owner when more than
 * `highWaterBytes` wait (stop the socket) and when they were taken (go on). One taker at a time.
 */
export class EventInbox {
  readonly #highWaterBytes: number;
  readonly #onFull: () => void;
  readonly #onDrained: () => void;
  #waiting: BinlogEvent[] = [];
  #bytes = 0;
  #isFull = false;
  #end: { readonly error: Error | undefined } | null = null;
  #wake: (() => void) | null = null;

  constructor(options: {
    readonly highWaterBytes: number;
    readonly onFull: () => void;
    readonly onDrained: () => void;
  }) {
    this.#highWaterBytes = options.highWaterBytes;
    this.#onFull = options.onFull;
    this.#onDrained = options.onDrained;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  put(event: BinlogEvent): void {
    if (this.#end) return;
    this.#waiting.push(event);
    this.#bytes += event.bytes.length;
    if (!this.#isFull && this.#bytes > this.#highWaterBytes) {
      this.#isFull = true;
      this.#onFull();
    }
    this.#rouse();
  }

  /** No more events come; those that wait are still given out, then `take` gives null, or throws `error` where one is given. The first end counts. */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#rouse();
  }

  /** As {@link end}, and what waits is dropped. */
  abandon(error?: Error): void {
    this.#waiting = [];
    this.#bytes = 0;
    this.#end = { error };
    this.#rouse();
  }

  /** Everything that waits, as soon as something does; null at the end. */
  async take(): Promise<readonly BinlogEvent[] | null> {
    if (this.#waiting.length === 0 && !this.#end) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#waiting.length > 0) return this.#drain();
    if (this.#end?.error !== undefined) throw this.#end.error;
    return null;
  }

  #drain(): readonly BinlogEvent[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    if (this.#isFull) {
      this.#isFull = false;
      this.#onDrained();
    }
    return taken;
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
