import type { GtidPosition } from "@understudy/binlog";
import { ChangeSignal } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { EpochHistory } from "./epoch-history.ts";
import { FreshAnswer } from "./fresh-answer.ts";
import { Progress } from "./progress.ts";
import type { ReadSource } from "./read-source.ts";

/** What {@link RoleReads} needs. */
export interface RoleReadsOptions {
  /** What was visible when the role began. */
  readonly visible: GtidPosition;
  /** Asks the server for all that a query may have seen up to now. */
  readonly askSeen: () => Promise<GtidPosition>;
  readonly epochs: EpochHistory;
  readonly epochChanged: ChangeSignal;
}

/** What the reads of both roles have in common: all but how they get to know what is visible. */
export abstract class RoleReads implements ReadSource {
  readonly delivered = new ChangeSignal();
  readonly epochs: EpochHistory;
  readonly epochChanged: ChangeSignal;
  protected readonly progress: Progress;
  readonly #seenAnswer: FreshAnswer<GtidPosition>;
  readonly #end = new AbortController();

  constructor(options: RoleReadsOptions) {
    this.epochs = options.epochs;
    this.epochChanged = options.epochChanged;
    this.progress = new Progress(options.visible);
    this.#seenAnswer = new FreshAnswer(options.askSeen);
  }

  get visible(): GtidPosition {
    return this.progress.current;
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  async askSeen(): Promise<GtidPosition> {
    return this.#seenAnswer.get();
  }

  abstract reached(wanted: GtidPosition, signal: AbortSignal): Promise<void>;

  /** Ends all waits: the role has ended. */
  protected end(): void {
    this.#end.abort(new UnderstudyError("starting", "this node's role has ended"));
  }
}
