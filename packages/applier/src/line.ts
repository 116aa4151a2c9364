import type { BinlogEvent, GtidPosition, TransactionPart } from "@understudy/binlog";
import { EVENT_TYPE } from "@understudy/binlog";
import { UnderstudyError } from "@understudy/protocol";
import type { ApplierOptions } from "./applier.ts";
import { Pipeline } from "./pipeline.ts";
import { Planner } from "./planner.ts";
import { openSession, type Session } from "./session.ts";
import type { Step } from "./step.ts";
import { StepRunner } from "./step-runner.ts";

/** What a {@link Line} is opened with. */
export interface LineOptions extends ApplierOptions {
  /** The applier's life. */
  readonly signal: AbortSignal;
}

/** How one delivery goes into the line. */
export interface IntakeOptions {
  readonly signal: AbortSignal;
  readonly onCommitted: (gtids: readonly string[]) => void;
  /** True for a transaction that is committed, or on its way there. */
  readonly isKnown: (gtid: string) => boolean;
  /** The transaction is planned as a whole. */
  readonly onAccepted: (gtid: string) => void;
}

/** A session with its plan: they belong together, since the plan knows what it makes of the session. Once failed, it is done with. */
export class Line {
  readonly pipeline: Pipeline;
  readonly #planner: Planner;
  readonly #runner: StepRunner;

  constructor(options: LineOptions, session: Session) {
    const { flavour, clock, random, logger, signal } = options;
    this.#planner = new Planner({ flavour, base: session.base, logger });
    this.#runner = new StepRunner({
      session,
      reopen: () => openSession(options),
      clock,
      random,
      logger,
      signal,
    });
    this.pipeline = new Pipeline((step, onCommitted) => this.#runner.run(step, onCommitted));
  }

  readPosition(): Promise<GtidPosition> {
    return this.#runner.session.readPosition();
  }

  /** Begins to take in one delivery; one at a time. */
  intake(options: IntakeOptions): Intake {
    return new Intake({ pipeline: this.pipeline, planner: this.#planner }, options);
  }

  /** Ends the session; what is not committed is rolled back. */
  close(): void {
    this.pipeline.fail(new UnderstudyError("database-unavailable", "the applier's session was closed"));
    this.#runner.session.destroy();
  }
}

/** Connects and sets up. Throws `database-unavailable`. */
export async function openLine(options: LineOptions): Promise<Line> {
  return new Line(options, await openSession(options));
}

/** One delivery's way into the line. */
export class Intake {
  readonly #pipeline: Pipeline;
  readonly #planner: Planner;
  readonly #options: IntakeOptions;
  #isSkipping = false;
  #gtid: string | null = null;

  constructor(line: { readonly pipeline: Pipeline; readonly planner: Planner }, options: IntakeOptions) {
    this.#pipeline = line.pipeline;
    this.#planner = line.planner;
    this.#options = options;
  }

  /** True within a transaction that is known already. */
  get isSkipping(): boolean {
    return this.#isSkipping;
  }

  /** An event of the current transaction that came packed in another. */
  add(event: BinlogEvent): void {
    this.#planner.add(event);
  }

  /** The next part. */
  part(part: TransactionPart): void {
    this.#pipeline.whenRoom(null);
    switch (part.kind) {
      case "heartbeat":
        return;
      case "format":
        this.#planner.format(part.event);
        break;
      case "begin":
        this.#isSkipping = this.#options.isKnown(part.header.gtid);
        this.#gtid = part.header.gtid;
        if (!this.#isSkipping) this.#planner.begin(part.header, part.event);
        break;
      case "event":
        if (!this.#isSkipping) this.#planner.add(part.event);
        break;
      case "end":
        this.#end(part.event);
        break;
      default:
        part satisfies never;
    }
  }

  /** Nothing more is there at once: what is whole goes off if the server has nothing to do behind what it does now. */
  async pause(): Promise<void> {
    if (!this.#planner.hasEntries) return;
    if (!this.#pipeline.hasRoom) {
      this.#pipeline.whenRoom(() => this.#sendWhole());
      return;
    }
    this.#planner.flush();
    await this.advance();
  }

  /** The delivery has ended well. */
  async close(): Promise<void> {
    this.#pipeline.whenRoom(null);
    this.#planner.flush();
    await this.advance();
  }

  /** The delivery has ended badly: whole transactions go on, the one under way is rolled back. */
  abandon(): void {
    this.#pipeline.whenRoom(null);
    this.#planner.abandon();
    for (const step of this.#planner.take()) this.#push(step);
  }

  /** While the input is awaited: what is whole need not wait for it. */
  #sendWhole(): void {
    this.#pipeline.whenRoom(null);
    this.#planner.flush();
    for (const step of this.#planner.take()) this.#push(step);
  }

  /** True where {@link advance} has something to send. */
  get hasPlanned(): boolean {
    return this.#planner.hasSteps;
  }

  #end(event: BinlogEvent): void {
    if (!this.#isSkipping) {
      if (event.type !== EVENT_TYPE.transactionPayload) this.#planner.add(event);
      this.#planner.end();
      if (this.#gtid !== null) this.#options.onAccepted(this.#gtid);
    }
    this.#isSkipping = false;
    this.#gtid = null;
  }

  /** Sends off what is planned. Waits while the server is busy with what came before. */
  async advance(): Promise<void> {
    const steps = [...this.#planner.take()];
    try {
      while (steps.length > 0) {
        await this.#pipeline.room(this.#options.signal);
        this.#push(steps.shift());
      }
    } finally {
      // what is planned counts as accepted, so it must be carried out also where the delivery ends here
      for (const step of steps) this.#push(step);
    }
  }

  #push(step: Step | undefined): void {
    if (step) this.#pipeline.push(step, this.#options.onCommitted);
  }
}
