import { BINLOG_MAGIC, type BinlogEvent, type GtidPosition } from "@understudy/binlog";
import { orAbort } from "@understudy/kernel";
import { UnderstudyError, type QueueView } from "@understudy/protocol";
import { readCatchUp } from "./catch-up.ts";
import { deliveryBody } from "./delivery-body.ts";
import type { DeliveryLoopOptions } from "./delivery-loop.ts";
import type { Delivery } from "./delivery.ts";
import { Flight } from "./flight.ts";
import type { WindowEntry } from "./replication-window.ts";
import type { ReadBinlog } from "./window-reader.ts";

/** How a {@link DeliverySession} runs. */
export interface SessionCourse {
  readonly signal: AbortSignal;
  /** Where the slave has just said that its history ends; null: it is asked. See `ReplicationQueue.addSlave`. */
  readonly from: GtidPosition | null;
  readonly onAck: (acked: GtidPosition) => void;
}

/** One run of deliveries to a slave, from its own word on its position until something fails. */
export class DeliverySession implements AsyncDisposable {
  readonly #options: DeliveryLoopOptions;
  readonly #signal: AbortSignal;
  readonly #onAck: (acked: GtidPosition) => void;
  readonly #flight: Flight;
  #mode: QueueView["mode"] = "idle";
  #ackedIndex: number | null = null;
  #catchUpCommittedAtMs: number | null = null;
  #sentAtMs: number;
  #beat: Promise<"woken" | "heartbeat"> | null = null;
  readonly #from: GtidPosition | null;
  /** Nothing of this run was sent or acked yet. */
  #isUnheard = true;
  #readFailure: unknown = null;
  readonly #beatEnd = new AbortController();

  constructor(options: DeliveryLoopOptions, { signal, from, onAck }: SessionCourse) {
    this.#options = options;
    this.#signal = signal;
    this.#from = from;
    this.#onAck = onAck;
    this.#sentAtMs = options.clock.monotonicMs();
    this.#flight = new Flight({
      endpoint: options.endpoint,
      inFlightMax: options.limits.deliveriesInFlightMax,
      signal,
      onAck: (acked, { transactions, body }, lastIndex) => {
        options.onDelivered({ transactions, bytes: Buffer.isBuffer(body) ? body.length : 0 });
        this.#noteAck(acked, lastIndex);
      },
    });
  }

  /** `window`, `catch-up` or `idle`. */
  get mode(): QueueView["mode"] {
    return this.#mode;
  }

  /** Highest window index that the slave acked, while it is served from the window; else null. */
  get ackedIndex(): number | null {
    return this.#ackedIndex;
  }

  get deliveriesInFlight(): number {
    return this.#flight.size;
  }

  /** While it catches up from the binlog: when the transaction that it is at was committed (milliseconds since 1970). */
  get catchUpCommittedAtMs(): number | null {
    return this.#catchUpCommittedAtMs;
  }

  /** What the reader that was opened for this slave failed with; null where none did. */
  get readFailure(): unknown {
    return this.#readFailure;
  }

  /** Serves the slave until the signal aborts or something fails, and rejects then. */
  async run(): Promise<never> {
    const { endpoint, window } = this.#options;
    let cursor = this.#from ?? (await endpoint.position(this.#signal));
    await this.#checkHistory(cursor);
    // what it said before is where to begin, but no ack: it may have lost something since
    if (!this.#from) {
      this.#isUnheard = false;
      this.#onAck(cursor);
    }
    for (;;) {
      this.#checkFloor(cursor);
      const index = window.locate(cursor);
      const fromWindow = index !== null && !window.isLarge(index);
      cursor = fromWindow ? await this.#fromWindow(index, cursor) : await this.#fromBinlog(cursor);
    }
  }

  async #checkHistory(position: GtidPosition): Promise<void> {
    if (this.#options.window.end.contains(position)) return;
    const executed = await this.#options.executedPosition();
    if (executed.contains(position)) return;
    throw new UnderstudyError(
      "snapshot-required",
      `${this.#options.endpoint.nodeId} has transactions that this master lacks: it is at ${position.toString()}, the master at ${executed.toString()}`,
      { details: { position: position.toString() } },
    );
  }

  /** Throws `snapshot-required` where no reader can bring the slave on from here. */
  #checkFloor(position: GtidPosition): void {
    const { window, endpoint } = this.#options;
    if (window.floor === null || position.contains(window.floor)) return;
    throw new UnderstudyError(
      "snapshot-required",
      `the binlog of this master can't be read up to ${window.floor.toString()}, and ${endpoint.nodeId} is at ${position.toString()}`,
    );
  }

  #noteAck(acked: GtidPosition, lastIndex: number | null): void {
    if (lastIndex !== null && this.#ackedIndex !== null && lastIndex > this.#ackedIndex) {
      this.#ackedIndex = lastIndex;
      this.#options.window.cursorsChanged();
    }
    this.#onAck(acked);
  }

  /** Serves from the window until the cursor meets a large transaction or falls out; returns the position then. */
  async #fromWindow(start: number, from: GtidPosition): Promise<GtidPosition> {
    const { window } = this.#options;
    const flight = this.#flight;
    let cursor = from;
    let index = start;
    this.#ackedIndex = index - 1;
    try {
      for (;;) {
        await flight.room();
        const added = window.added.next();
        if (!window.holds(index) || window.isLarge(index)) return cursor;
        const entries = this.#collect(index);
        const last = entries.at(-1);
        if (!last) {
          this.#mode = flight.size === 0 ? "idle" : "window";
          if (this.#isUnheard) this.#sendHeartbeat(cursor);
          if ((await this.#idle(added)) === "heartbeat") this.#sendHeartbeat(cursor);
          continue;
        }
        this.#mode = "window";
        const after = cursor;
        for (const entry of entries) cursor = cursor.withGtid(entry.gtid);
        index = last.index + 1;
        this.#send(
          {
            after,
            body: deliveryBody(
              last.format,
              entries.flatMap((entry) => entry.events ?? []),
            ),
            transactions: entries.length,
            masterPosition: window.end,
          },
          last.index,
        );
      }
    } finally {
      this.#ackedIndex = null;
      window.cursorsChanged();
    }
  }

  /** As much as waits from `index` on, within a delivery's bounds and under one format. */
  #collect(index: number): WindowEntry[] {
    const { window, limits } = this.#options;
    const entries: WindowEntry[] = [];
    let bytes = 0;
    for (let at = index; entries.length < limits.deliveryTransactionsMax; at++) {
      const entry = window.at(at);
      if (!entry || entry.events === null) break;
      if (entries[0] && entry.format !== entries[0].format) break;
      bytes += entry.size;
      if (entries.length > 0 && bytes > limits.deliveryBytesMax) break;
      entries.push(entry);
    }
    return entries;
  }

  /** Waits for new entries, a landing, or the time for a heartbeat. */
  async #idle(added: Promise<void>): Promise<"woken" | "heartbeat"> {
    const woken = Promise.race([added, this.#flight.landing()]).then(() => "woken" as const);
    this.#flight.check();
    const wakeUp = await orAbort(Promise.race([this.#nextBeat(), woken]), this.#signal);
    const sinceSentMs = this.#options.clock.monotonicMs() - this.#sentAtMs;
    return wakeUp === "heartbeat" && sinceSentMs >= this.#options.limits.heartbeatMs ? "heartbeat" : "woken";
  }

  /** One timer at a time goes on through all the waits: to make one and abort it for each delivery was a tenth of its cost. */
  #nextBeat(): Promise<"woken" | "heartbeat"> {
    const { clock, limits } = this.#options;
    const dueInMs = Math.max(1, limits.heartbeatMs - (clock.monotonicMs() - this.#sentAtMs));
    this.#beat ??= clock
      .sleep(dueInMs, this.#beatEnd.signal)
      .then(() => "heartbeat" as const)
      .catch(() => "woken" as const)
      .finally(() => {
        this.#beat = null;
      });
    return this.#beat;
  }

  #send(delivery: Delivery, lastIndex: number | null): void {
    this.#sentAtMs = this.#options.clock.monotonicMs();
    this.#isUnheard = false;
    this.#flight.send(delivery, lastIndex);
  }

  #sendHeartbeat(cursor: GtidPosition): void {
    if (this.#flight.size > 0) return;
    const masterPosition = this.#options.window.end;
    this.#send({ after: cursor, body: BINLOG_MAGIC, transactions: 0, masterPosition }, null);
  }

  /** Serves from a reader of its own until the cursor is in the window; returns the position then. */
  async #fromBinlog(cursor: GtidPosition): Promise<GtidPosition> {
    const { flavour, limits, window } = this.#options;
    const flight = this.#flight;
    this.#mode = "catch-up";
    let end = cursor;
    const read: ReadBinlog = (from, signal) => this.#read(from, signal);
    const batches = readCatchUp({ flavour, read, from: cursor, limits, signal: this.#signal });
    for await (const batch of batches) {
      this.#catchUpCommittedAtMs = batch.committedAtMs;
      await flight.room();
      const { after, body, transactions } = batch;
      this.#send({ after, body, transactions, masterPosition: window.end }, null);
      end = batch.end;
      // the reader is the stream's source: it may not go on before the stream is through
      if (!Buffer.isBuffer(body)) await flight.drained();
      const index = window.locate(end);
      if (index !== null && !window.isLarge(index)) break;
    }
    this.#catchUpCommittedAtMs = null;
    return end;
  }

  async *#read(from: GtidPosition, signal: AbortSignal): AsyncGenerator<readonly BinlogEvent[]> {
    try {
      yield* this.#options.read(from, signal);
    } catch (error) {
      this.#readFailure = error;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#beatEnd.abort();
    await this.#flight[Symbol.asyncDispose]();
  }
}
