import { mayBeDamaged, type GtidPosition } from "@understudy/binlog";
import {
  backoffMs,
  BackgroundLoop,
  ChangeSignal,
  messageOf,
  sleepOrWake,
  type Clock,
  type Logger,
  type Random,
} from "@understudy/kernel";
import {
  errorCodeOf,
  UnderstudyError,
  type ErrorCode,
  type Flavour,
  type QueueView,
} from "@understudy/protocol";
import { DeliverySession } from "./delivery-session.ts";
import type { SlaveEndpoint } from "./delivery.ts";
import type { QueueLimits } from "./limits.ts";
import type { ReplicationWindow } from "./replication-window.ts";
import type { ReadBinlog } from "./window-reader.ts";

/** What {@link DeliveryLoop} needs. */
export interface DeliveryLoopOptions {
  readonly flavour: Flavour;
  readonly endpoint: SlaveEndpoint;
  readonly window: ReplicationWindow;
  readonly read: ReadBinlog;
  /** The master's own history, asked from its server. */
  readonly executedPosition: () => Promise<GtidPosition>;
  readonly limits: QueueLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** True while the window's own reader goes on. */
  readonly isBinlogRead: () => boolean;
  /** Called with each ack. */
  readonly onAck: (acked: GtidPosition) => void;
  /** Called for each delivery that was acked. */
  readonly onDelivered: (done: { readonly transactions: number; readonly bytes: number }) => void;
  /** Called when a delivery fails (`ok` false) or gets through again. */
  readonly onOutcome: (outcome: { ok: true } | { ok: false; code: ErrorCode; message: string }) => void;
}

/** Errors after which trying again without a person, or without a word from the slave, is useless. */
const STOPPING_CODES: ReadonlySet<ErrorCode> = new Set([
  "apply-failed",
  "binlog-unsupported",
  "cluster-mismatch",
  "epoch-stale",
  "snapshot-required",
  "version-mismatch",
]);

/** Readers of one id may end each other, with the number that damage has, but not for so long. */
const DAMAGED_MS = 3000;

/**
 * Brings one slave up to the master and keeps it there: from the window where its position is in it, from a reader of its
 * own where it is not. After a failure it backs off and asks the slave for its position again. See DESIGN.md for the states.
 */
export class DeliveryLoop implements AsyncDisposable {
  readonly #options: DeliveryLoopOptions;
  readonly #loop: BackgroundLoop;
  readonly #poke = new ChangeSignal();
  readonly #pauseReasons = new Set<string>();
  #interrupt = new AbortController();
  #stopped: { readonly code: ErrorCode; readonly message: string } | null = null;
  #session: DeliverySession | null = null;
  #acked: GtidPosition | null = null;
  #lastError: string | null = null;
  #from: GtidPosition | null;
  /** When a reader for this slave met damage for the first time since it acked something new, on the monotonic clock. */
  #damagedSinceMs: number | null = null;

  /** `from` is as in `ReplicationQueue.addSlave`. */
  constructor(options: DeliveryLoopOptions, from: GtidPosition | null = null) {
    this.#options = options;
    this.#from = from;
    this.#loop = new BackgroundLoop(
      (signal) => this.#run(signal),
      (error) => {
        this.#lastError = messageOf(error);
        this.#stopped = { code: "internal", message: this.#lastError };
        options.logger.error(
          { event: "delivery-loop-ended", member: options.endpoint.nodeId },
          this.#lastError,
        );
      },
    );
  }

  /** What it does now, for people. */
  get mode(): QueueView["mode"] {
    if (this.#pauseReasons.size > 0) return "paused";
    if (this.#stopped) return "stopped";
    return this.#session?.mode ?? "idle";
  }

  /** Position that the slave acked last; null before its first word. */
  get acked(): GtidPosition | null {
    return this.#acked;
  }

  /** Highest window index that the slave acked, while it is served from the window; else null. */
  get ackedIndex(): number | null {
    return this.#session?.ackedIndex ?? null;
  }

  get deliveriesInFlight(): number {
    return this.#session?.deliveriesInFlight ?? 0;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** Why it gave up; null while it tries. */
  get stopped(): { readonly code: ErrorCode; readonly message: string } | null {
    return this.#stopped;
  }

  /** While it catches up from the binlog: when the transaction that it is at was committed (milliseconds since 1970). */
  get catchUpCommittedAtMs(): number | null {
    return this.#session?.catchUpCommittedAtMs ?? null;
  }

  /** Stops sending for one more reason; deliveries under way are cut. */
  pause(reason: string): void {
    this.#pauseReasons.add(reason);
    this.#restart("paused");
  }

  /** Takes a reason back; sending goes on when none is left. */
  resume(reason: string): void {
    this.#pauseReasons.delete(reason);
    this.#poke.notify();
  }

  /**
   * Starts over from the slave's own word: after it registered anew, or came back. Ends `stopped`. `from` is as in
   * `ReplicationQueue.addSlave`.
   */
  restart(from: GtidPosition | null = null): void {
    this.#stopped = null;
    this.#from = from;
    this.#restart("restarted");
  }

  #restart(reason: string): void {
    this.#interrupt.abort(new DOMException(reason, "AbortError"));
    this.#poke.notify();
  }

  async #run(signal: AbortSignal): Promise<void> {
    let attempt = 0;
    for (;;) {
      await this.#poke.until(() => this.#pauseReasons.size === 0 && this.#stopped === null, signal);
      this.#interrupt = new AbortController();
      const interrupted = this.#interrupt.signal;
      try {
        await this.#serve(AbortSignal.any([signal, interrupted]), () => (attempt = 0));
      } catch (error) {
        signal.throwIfAborted();
        if (interrupted.aborted) {
          attempt = 0;
          continue;
        }
        this.#noteFailure(this.#judge(error));
      } finally {
        this.#session = null;
        this.#options.window.cursorsChanged();
      }
      if (!this.#stopped) await this.#backOff(attempt++, signal);
    }
  }

  async #serve(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const from = this.#from;
    this.#from = null;
    const onAck = (acked: GtidPosition): void => {
      onProgress();
      this.#noteAck(acked);
    };
    await using session = new DeliverySession(this.#options, { signal, from, onAck });
    this.#session = session;
    await session.run();
  }

  async #backOff(attempt: number, signal: AbortSignal): Promise<void> {
    const { clock, random, limits } = this.#options;
    const bounds = { baseMs: limits.backoffBaseMs, maxMs: limits.backoffMaxMs };
    const ms = backoffMs(attempt, bounds, random);
    await sleepOrWake({ clock, ms, woken: this.#poke.next(), signal });
  }

  /** A binlog that is damaged stays so: then no reader brings this slave on, and it needs a copy. */
  #judge(error: unknown): unknown {
    const { clock, window, endpoint, isBinlogRead } = this.#options;
    const failure = this.#session?.readFailure;
    if (!mayBeDamaged(failure) || !isBinlogRead()) {
      this.#damagedSinceMs = null;
      return error;
    }
    const nowMs = clock.monotonicMs();
    this.#damagedSinceMs ??= nowMs;
    if (nowMs - this.#damagedSinceMs < DAMAGED_MS) return error;
    this.#damagedSinceMs = null;
    window.giveUpBefore();
    return new UnderstudyError(
      "snapshot-required",
      `the binlog of this master can't be read on for ${endpoint.nodeId}: ${messageOf(failure)}`,
      { cause: failure },
    );
  }

  #noteAck(acked: GtidPosition): void {
    if (!this.#acked?.contains(acked)) this.#damagedSinceMs = null;
    const recovered = this.#lastError !== null;
    this.#acked = acked;
    this.#lastError = null;
    this.#options.onAck(acked);
    if (recovered) this.#options.onOutcome({ ok: true });
  }

  #noteFailure(error: unknown): void {
    const { endpoint, logger, onOutcome } = this.#options;
    const code = errorCodeOf(error);
    const message = messageOf(error);
    if (message !== this.#lastError) {
      logger.warn({ event: "delivery-failed", member: endpoint.nodeId, code }, message);
    }
    this.#lastError = message;
    if (STOPPING_CODES.has(code)) this.#stopped = { code, message };
    onOutcome({ ok: false, code, message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}
