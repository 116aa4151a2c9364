import { TransactionGrouper, type BinlogEvent, type GtidPosition } from "@understudy/binlog";
import { backoffMs, type Clock, type Logger, messageOf, type Random } from "@understudy/kernel";
import { errorCodeOf, type Flavour } from "@understudy/protocol";
import type { QueueLimits } from "./limits.ts";
import type { ProgressHistory } from "./progress-history.ts";
import type { ReplicationWindow } from "./replication-window.ts";
import { TransactionAssembler } from "./transaction-assembler.ts";

/** Opens the local binlog behind `from`: events in the arrays in which they arrived. Ends by an error, or with the signal. */
export type ReadBinlog = (from: GtidPosition, signal: AbortSignal) => AsyncIterable<readonly BinlogEvent[]>;

/** What {@link WindowReader} needs. */
export interface WindowReaderOptions {
  readonly flavour: Flavour;
  readonly window: ReplicationWindow;
  readonly history: ProgressHistory;
  readonly read: ReadBinlog;
  readonly limits: QueueLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called when the binlog can't be read any more: its server may be gone. Must be quick and must not throw. */
  readonly onProblem?: (() => void) | undefined;
}

/** Fills the window from the local binlog, and connects again from where it was when the reader ends. */
export class WindowReader {
  readonly #options: WindowReaderOptions;
  #problem: string | null = null;
  /** When reading failed for the first time since one more transaction was read, on the monotonic clock. */
  #failingSinceMs: number | null = null;
  #life = new AbortController();

  constructor(options: WindowReaderOptions) {
    this.#options = options;
  }

  /** Why the binlog can't be read at the moment; null while it is read. */
  get problem(): string | null {
    return this.#problem;
  }

  /** For how long it has failed again and again, without one more transaction. 0 while it goes on. In milliseconds. */
  get failingForMs(): number {
    const { clock } = this.#options;
    return this.#failingSinceMs === null ? 0 : clock.monotonicMs() - this.#failingSinceMs;
  }

  /** Goes on reading behind `position`, which becomes the window's beginning. */
  beginAt(position: GtidPosition): void {
    this.#options.window.beginAt(position);
    this.#failingSinceMs = null;
    this.#problem = null;
    this.#life.abort(new DOMException("it reads on elsewhere", "AbortError"));
  }

  /** Reads until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, logger, limits, onProblem } = this.#options;
    for (let attempt = 0; ; attempt++) {
      this.#life = new AbortController();
      const { signal: life } = this.#life;
      try {
        await this.#readOnce(AbortSignal.any([signal, life]), () => {
          attempt = 0;
          this.#problem = null;
        });
        this.#problem = "the server ended the binlog stream";
      } catch (error) {
        signal.throwIfAborted();
        if (life.aborted) {
          attempt = -1;
          continue;
        }
        this.#problem = messageOf(error);
        logger.warn({ event: "binlog-reader-failed", code: errorCodeOf(error), attempt }, this.#problem);
      }
      this.#failingSinceMs ??= clock.monotonicMs();
      onProblem?.();
      const bounds = { baseMs: limits.backoffBaseMs, maxMs: limits.backoffMaxMs };
      await clock.sleep(backoffMs(attempt, bounds, random), signal);
    }
  }

  async #readOnce(signal: AbortSignal, onData: () => void): Promise<void> {
    const { window, history, read, limits, flavour, clock } = this.#options;
    const grouper = new TransactionGrouper(flavour);
    const assembler = new TransactionAssembler(limits.deliveryBytesMax);
    for await (const events of read(window.end, signal)) {
      onData();
      const nowMs = clock.monotonicMs();
      const before = window.nextIndex;
      for (const event of events) {
        for (const part of grouper.push(event)) {
          const transaction = assembler.push(part);
          // after a reconnect the server may start a little earlier than asked
          if (!transaction || window.end.containsGtid(transaction.gtid)) continue;
          const entry = window.add(transaction, nowMs);
          history.add(() => window.end, entry.totalBytes, nowMs);
        }
      }
      if (window.nextIndex === before) continue;
      this.#failingSinceMs = null;
      window.added.notify();
      await window.waitForRoom(signal);
    }
  }
}
