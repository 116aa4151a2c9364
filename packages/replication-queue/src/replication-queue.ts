import type { GtidPosition } from "@understudy/binlog";
import { BackgroundLoop, messageOf, type Clock, type Logger, type Random } from "@understudy/kernel";
import type { ErrorCode, Flavour, Lag, QueueView } from "@understudy/protocol";
import { AckBoard, type AckWait } from "./ack-board.ts";
import { DeliveryLoop } from "./delivery-loop.ts";
import type { SlaveEndpoint } from "./delivery.ts";
import { DEFAULT_QUEUE_LIMITS, type QueueLimits } from "./limits.ts";
import { ProgressHistory } from "./progress-history.ts";
import { ReplicationWindow } from "./replication-window.ts";
import { WindowReader, type ReadBinlog } from "./window-reader.ts";

/** What {@link ReplicationQueue} needs. */
export interface ReplicationQueueOptions {
  readonly flavour: Flavour;
  /** Opens the local binlog; called once for the window and once for each slave that has to catch up. */
  readonly read: ReadBinlog;
  /** Where the window begins: the master's executed position. */
  readonly from: GtidPosition;
  /** Asks the master's server for its executed position. */
  readonly executedPosition: () => Promise<GtidPosition>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly limits?: Partial<QueueLimits>;
  /** Called when deliveries to a slave begin to fail or get through again. */
  readonly onOutcome?: (nodeId: string, outcome: DeliveryOutcome) => void;
  /** Called for each delivery that a slave acked; 0 transactions are a heartbeat. */
  readonly onDelivered?: (nodeId: string, done: Delivered) => void;
  /** Called when the binlog can't be read any more: its server may be gone. */
  readonly onProblem?: () => void;
}

/** What one acked delivery carried. */
export interface Delivered {
  readonly transactions: number;
  readonly bytes: number;
}

/** How deliveries to a slave go. */
export type DeliveryOutcome =
  { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** A slave as the queue sees it. */
export interface SlaveView {
  readonly queue: QueueView;
  readonly lag: Lag;
  readonly acked: GtidPosition | null;
  /** Why deliveries ended until someone acts; null while they go on. */
  readonly stopped: { readonly code: ErrorCode; readonly message: string } | null;
}

/**
 * Carries the master's binlog to its slaves: one window on the binlog, a cursor and a delivery loop for each slave.
 * Guarantees order and completeness for each slave; a slow or dead one slows nobody else. See DESIGN.md.
 */
export class ReplicationQueue implements AsyncDisposable {
  readonly #options: ReplicationQueueOptions;
  readonly #limits: QueueLimits;
  readonly #window: ReplicationWindow;
  readonly #history = new ProgressHistory();
  readonly #reader: WindowReader;
  readonly #readerLoop: BackgroundLoop;
  readonly #loops = new Map<string, DeliveryLoop>();
  readonly #acks: AckBoard;

  constructor(options: ReplicationQueueOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_QUEUE_LIMITS, ...options.limits };
    this.#window = new ReplicationWindow(options.from, this.#limits, () => this.#fastestAckedIndex());
    this.#acks = new AckBoard(options.flavour);
    this.#history.begin(options.from, options.clock.monotonicMs());
    this.#reader = new WindowReader({
      ...options,
      limits: this.#limits,
      window: this.#window,
      history: this.#history,
    });
    this.#readerLoop = new BackgroundLoop(
      (signal) => this.#reader.run(signal),
      (error) => options.logger.error({ event: "binlog-reader-ended" }, messageOf(error)),
    );
  }

  /** How far the binlog was read: a lower bound of the master's own position, without asking its server. */
  get position(): GtidPosition {
    return this.#window.end;
  }

  /** Null where a slave at this position needs more of the binlog than the window has; else a position from which on the window has all. */
  heldFrom(position: GtidPosition): GtidPosition | null {
    return this.#window.locate(position) === null ? null : this.#window.start;
  }

  /** Why the binlog can't be read now; null while it is read. */
  get problem(): string | null {
    return this.#reader.problem;
  }

  /** For how long reading the binlog has failed again and again, in milliseconds, without one more transaction; 0 while it goes on. */
  get failingForMs(): number {
    return this.#reader.failingForMs;
  }

  /** What a slave must have to be served: the binlog up to there can't be read. Null where all that is not purged can. */
  get floor(): GtidPosition | null {
    return this.#window.floor;
  }

  /**
   * Goes on behind `position`, since the binlog before it can't be read. The caller makes sure that what comes after it can. Slaves that do
   * not have all of it are refused with `snapshot-required` from now on.
   */
  beginAt(position: GtidPosition): void {
    this.#reader.beginAt(position);
  }

  /** What the window holds. */
  get held(): { readonly transactions: number; readonly bytes: number } {
    return { transactions: this.#window.heldTransactions, bytes: this.#window.heldBytes };
  }

  /** Bytes of binlog read since the queue was made. */
  get bytesRead(): number {
    return this.#window.totalBytes;
  }

  /** Transactions read since the queue was made. */
  get transactionsRead(): number {
    return this.#window.nextIndex;
  }

  /**
   * Starts deliveries to a slave; one that is known already is replaced, under its new address. With `from`, where the slave has just said
   * that its history ends, deliveries begin there at once, without asking it first: that is no ack yet, and where the slave is not there
   * any more it refuses what is sent, and is asked.
   */
  async addSlave(endpoint: SlaveEndpoint, from: GtidPosition | null = null): Promise<void> {
    await this.#endLoop(endpoint.nodeId);
    this.#acks.add(endpoint.nodeId);
    const options = {
      ...this.#options,
      // while the window is read, its reader shows that the server works
      isBinlogRead: () => this.#reader.failingForMs === 0,
      endpoint,
      window: this.#window,
      limits: this.#limits,
      onAck: (acked: GtidPosition) => this.#acks.note(endpoint.nodeId, acked),
      onDelivered: (done: Delivered) => this.#options.onDelivered?.(endpoint.nodeId, done),
      onOutcome: (outcome: DeliveryOutcome) => this.#options.onOutcome?.(endpoint.nodeId, outcome),
    };
    const loop = new DeliveryLoop(options, from);
    this.#loops.set(endpoint.nodeId, loop);
  }

  /** Ends deliveries to a slave and forgets it, and what it acked. */
  async removeSlave(nodeId: string): Promise<void> {
    this.#acks.remove(nodeId);
    await this.#endLoop(nodeId);
  }

  async #endLoop(nodeId: string): Promise<void> {
    const loop = this.#loops.get(nodeId);
    this.#loops.delete(nodeId);
    await loop?.[Symbol.asyncDispose]();
  }

  /** True for a slave that was added. */
  hasSlave(nodeId: string): boolean {
    return this.#loops.has(nodeId);
  }

  /**
   * Cuts what is under way and starts over from the slave's own word: after it registered anew, came back or went. `from` is as in
   * {@link addSlave}.
   */
  restart(nodeId: string, from: GtidPosition | null = null): void {
    this.#loops.get(nodeId)?.restart(from);
  }

  /** Holds deliveries to a slave back for one more reason. */
  pause(nodeId: string, reason: string): void {
    this.#loops.get(nodeId)?.pause(reason);
  }

  /** Takes one reason for holding back away. */
  resume(nodeId: string, reason: string): void {
    this.#loops.get(nodeId)?.resume(reason);
  }

  /** A slave as it stands now; null for one that was not added. */
  view(nodeId: string): SlaveView | null {
    const loop = this.#loops.get(nodeId);
    if (!loop) return null;
    return {
      queue: {
        mode: loop.mode,
        acked: loop.acked?.toString() ?? "",
        deliveriesInFlight: loop.deliveriesInFlight,
        lastError: loop.lastError,
      },
      lag: this.#lagOf(loop),
      acked: loop.acked,
      stopped: loop.stopped,
    };
  }

  /** Slaves that have acked everything up to `position`. */
  ackedBy(position: GtidPosition): string[] {
    return this.#acks.ackedBy(position);
  }

  /** Resolves with the slaves that acked `position` as soon as they are enough; rejects with the signal's reason. */
  async waitForAcks(wait: AckWait): Promise<string[]> {
    return this.#acks.wait(wait);
  }

  /** What further conditions on acks ask for has changed. */
  recheckAcks(): void {
    this.#acks.recheck();
  }

  /** Resolves when the binlog was read further. Take it before looking at {@link position}. */
  readOn(): Promise<void> {
    return this.#window.added.next();
  }

  #lagOf(loop: DeliveryLoop): Lag {
    const { acked } = loop;
    const end = this.#window.end;
    if (!acked) return { transactions: null, bytes: null, ms: null };
    if (acked.contains(end)) return { transactions: 0, bytes: 0, ms: 0 };
    const transactions = acked.countMissing(end);
    const totalBytes = this.#window.totalBytes;
    const next = loop.ackedIndex === null ? null : this.#window.at(loop.ackedIndex + 1);
    if (next) {
      const ms = Math.max(0, Math.round(this.#options.clock.monotonicMs() - next.readAtMs));
      return { transactions, bytes: totalBytes - next.totalBytes + next.size, ms };
    }
    const behind = this.#history.behind(acked, totalBytes);
    return { transactions, bytes: behind?.bytes ?? null, ms: this.#lagMsOf(loop, behind?.sinceMs ?? null) };
  }

  #lagMsOf(loop: DeliveryLoop, sinceMs: number | null): number | null {
    const { clock } = this.#options;
    if (sinceMs !== null) return Math.max(0, Math.round(clock.monotonicMs() - sinceMs));
    if (loop.catchUpCommittedAtMs !== null) return Math.max(0, clock.nowMs() - loop.catchUpCommittedAtMs);
    return null;
  }

  #fastestAckedIndex(): number | null {
    let fastest: number | null = null;
    for (const { ackedIndex } of this.#loops.values()) {
      if (ackedIndex !== null && (fastest === null || ackedIndex > fastest)) fastest = ackedIndex;
    }
    return fastest;
  }

  /** Ends the reader and all deliveries; what is under way is cut, which loses nothing: the binlog is the log. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([
      this.#readerLoop[Symbol.asyncDispose](),
      ...[...this.#loops.keys()].map((nodeId) => this.#endLoop(nodeId)),
    ]);
  }
}
