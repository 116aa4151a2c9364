import {
  emptyPosition,
  EVENT_TYPE,
  expandEventInBatches,
  groupTransactions,
  readEventStream,
  type BinlogEvent,
  type GtidPosition,
  type TransactionPart,
} from "@understudy/binlog";
import { anySignal, isCodedError, orAbort, withDeadline } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { abortable } from "./abortable.ts";
import type { Applier, ApplierOptions, ApplierState, ApplyOptions, ApplyOutcome } from "./applier.ts";
import { applyFailed, type ApplyFailure } from "./apply-failure.ts";
import { DeliveryOrder } from "./delivery-order.ts";
import { openLine, type Intake, type Line } from "./line.ts";

const ORDER_WAIT_MS = 1000;
/** How long a session that is there already has to tell a position; a server that is frozen tells none. */
const ASK_MS = 1000;
/** How long disposal waits for the statement under way. */
const DISPOSE_MS = 5000;

/** Connects and reads the server's position. Throws `database-unavailable`. */
export async function openApplier(options: ApplierOptions): Promise<Applier> {
  const applier = new SessionApplier(options);
  try {
    await applier.connect(options.signal);
    return applier;
  } catch (error) {
    await applier[Symbol.asyncDispose]();
    throw error;
  }
}

class SessionApplier implements Applier {
  readonly #options: ApplierOptions;
  readonly #order: DeliveryOrder;
  readonly #life = new AbortController();
  #line: Line | null = null;
  #opening: Promise<Line> | null = null;
  #broken: ApplyFailure | null = null;
  #committed: GtidPosition;
  /** What is committed or on its way there. */
  #accepted: GtidPosition;
  #transactions = 0;
  #bytes = 0;
  #active = 0;

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#broken = options.broken ?? null;
    this.#order = new DeliveryOrder(options.clock, options.orderWaitMs ?? ORDER_WAIT_MS);
    this.#committed = emptyPosition(options.flavour);
    this.#accepted = this.#committed;
  }

  get state(): ApplierState {
    if (this.#broken) return { kind: "broken", ...this.#broken };
    return { kind: this.#active > 0 ? "applying" : "idle" };
  }

  get position(): GtidPosition {
    return this.#committed;
  }

  get stats(): { readonly transactions: number; readonly bytes: number } {
    return { transactions: this.#transactions, bytes: this.#bytes };
  }

  async apply(body: AsyncIterable<Uint8Array>, options: ApplyOptions): Promise<ApplyOutcome> {
    const signal = anySignal(options.signal, this.#life.signal);
    this.#active += 1;
    try {
      const line = await this.#takeTurn(options.after, signal);
      const delivery = { applied: 0 };
      try {
        await this.#takeIn(line, body, { signal, delivery });
      } finally {
        this.#order.release();
      }
      await line.pipeline.drained(signal);
      return { position: this.#committed, applied: delivery.applied };
    } catch (error) {
      throw this.#remember(error);
    } finally {
      this.#active -= 1;
    }
  }

  async refresh(): Promise<GtidPosition> {
    const signal = this.#life.signal;
    await this.#order.take(() => true, signal);
    try {
      await this.#line?.pipeline.settled();
      if (await this.#askAgain()) return this.#committed;
      this.#dropLine();
      await this.connect();
      return this.#committed;
    } finally {
      this.#order.release();
    }
  }

  /**
   * Asks by the session that there is, which has nothing under way: a new one takes its server some twenty statements, and the caller may
   * be a slave whose cluster waits for its word. False where that session is gone.
   */
  async #askAgain(): Promise<boolean> {
    const line = this.#line;
    if (!line || line.pipeline.hasFailed) return false;
    const { clock } = this.#options;
    try {
      const position = await withDeadline({ clock, ms: ASK_MS, signal: this.#life.signal }, (bounded) =>
        orAbort(line.readPosition(), bounded),
      );
      this.#noteAsked(position);
      return true;
    } catch {
      return false;
    }
  }

  #noteAsked(position: GtidPosition): void {
    this.#committed = position;
    this.#accepted = position;
    this.#options.onProgress?.(position);
  }

  resume(): Promise<void> {
    this.#broken = null;
    this.#order.notify();
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#life.signal.aborted) return;
    this.#life.abort(new DOMException("the applier was closed", "AbortError"));
    const line = this.#line;
    await this.#opening?.catch(() => undefined);
    this.#line?.close();
    if (!line) return;
    const deadline = AbortSignal.timeout(DISPOSE_MS);
    await orAbort(line.pipeline.settled(), deadline).catch(() => undefined);
  }

  /** Makes sure of a session that works; after a new one the position is what the server says. */
  async connect(signal?: AbortSignal): Promise<Line> {
    if (this.#line && !this.#line.pipeline.hasFailed) return this.#line;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return signal ? orAbort(this.#opening, signal) : this.#opening;
  }

  async #open(): Promise<Line> {
    // what the old line has under way may still commit: its server must have let go before its position counts
    await this.#line?.pipeline.settled();
    this.#dropLine();
    const line = await openLine({ ...this.#options, signal: this.#life.signal });
    try {
      this.#noteAsked(await line.readPosition());
    } catch (error) {
      line.close();
      throw error;
    }
    this.#line = line;
    return line;
  }

  #dropLine(): void {
    this.#line?.close();
    this.#line = null;
  }

  async #takeTurn(after: GtidPosition, signal: AbortSignal): Promise<Line> {
    let line: Line | null = null;
    const continues = (): boolean =>
      this.#broken !== null ||
      line !== this.#line ||
      line === null ||
      line.pipeline.hasFailed ||
      this.#accepted.contains(after);
    for (;;) {
      this.#throwIfBroken();
      line = await this.connect(signal);
      const isOurs = await this.#order.take(continues, signal);
      if (!isOurs) {
        throw new UnderstudyError(
          "position-mismatch",
          `the delivery continues from ${after}, this node is at ${this.#committed}`,
          {
            details: { position: this.#committed.toString() },
          },
        );
      }
      if (this.#broken === null && line === this.#line && !line.pipeline.hasFailed) return line;
      this.#order.release();
    }
  }

  async #takeIn(
    line: Line,
    body: AsyncIterable<Uint8Array>,
    { signal, delivery }: { readonly signal: AbortSignal; readonly delivery: { applied: number } },
  ): Promise<void> {
    const onCommitted = (gtids: readonly string[]): void => {
      delivery.applied += gtids.length;
      this.#onCommitted(gtids);
    };
    const events = readEventStream(
      abortable(body, signal, (chunk) => {
        this.#bytes += chunk.length;
      }),
    );
    const intake = line.intake({
      signal,
      onCommitted,
      isKnown: (gtid) => this.#accepted.containsGtid(gtid),
      onAccepted: (gtid) => {
        this.#accepted = this.#accepted.withGtid(gtid);
      },
    });
    try {
      for await (const parts of groupTransactions(this.#options.flavour, events)) {
        for (const part of parts) {
          if (isPayload(part) && !intake.isSkipping) await this.#unpack(part.event, intake);
          intake.part(part);
          if (intake.hasPlanned) await intake.advance();
        }
        await intake.pause();
      }
      await intake.close();
    } catch (error) {
      intake.abandon();
      throw error;
    }
  }

  async #unpack(event: BinlogEvent, intake: Intake): Promise<void> {
    for await (const batch of expandEventInBatches(event, this.#options.flavour)) {
      for (const inner of batch) {
        intake.add(inner);
        if (intake.hasPlanned) await intake.advance();
      }
    }
  }

  #onCommitted(gtids: readonly string[]): void {
    for (const gtid of gtids) this.#committed = this.#committed.withGtid(gtid);
    this.#transactions += gtids.length;
    if (gtids.length > 0) this.#options.onProgress?.(this.#committed);
  }

  #throwIfBroken(): void {
    if (this.#broken) throw applyFailed(this.#broken);
  }

  /** The first failure of a transaction breaks the applier. */
  #remember(error: unknown): unknown {
    if (!isCodedError(error, "apply-failed") || this.#broken) return error;
    const { gtid, table, error: text, errno, isDivided } = error.details;
    this.#broken = {
      gtid: String(gtid),
      table: typeof table === "string" ? table : null,
      error: String(text),
      errno: typeof errno === "number" ? errno : null,
      isDivided: isDivided === true,
    };
    this.#options.logger.error({ event: "applier.broken", ...this.#broken }, error.message);
    this.#order.notify();
    return error;
  }
}

type PayloadPart = TransactionPart & { readonly event: BinlogEvent };

function isPayload(part: TransactionPart): part is PayloadPart {
  return part.kind === "end" && part.event.type === EVENT_TYPE.transactionPayload;
}
