import { DeadlinePassed, orAbort, withDeadline, type Clock } from "@understudy/kernel";
import { UnderstudyError, type ReadOptions, type Role } from "@understudy/protocol";
import { decideRead, type AfterFacts, type FreshnessFacts, type ReadStep } from "./decide-read.ts";
import type { FollowingSource, ReadSource } from "./read-source.ts";
import type { WantedPosition } from "./wanted-position.ts";

/** What a read needs to know of a node's role. */
export type WalkedRole = { readonly epoch: bigint; positionText(): string; lagMs(): number | null } & (
  | { readonly kind: Extract<Role, "master">; readonly reads: ReadSource }
  | { readonly kind: Extract<Role, "slave">; readonly reads: FollowingSource }
);

/** What {@link ReadWalk} needs. */
export interface ReadWalkOptions {
  readonly role: WalkedRole;
  readonly clock: Clock;
  readonly options: ReadOptions;
  /** The position of the options, read. */
  readonly after: WantedPosition | null;
}

/** One read on its way to data that is fresh enough: does what {@link decideRead} says until that is where it is answered. */
export class ReadWalk {
  readonly #of: ReadWalkOptions;
  #asked = 0;

  constructor(options: ReadWalkOptions) {
    this.#of = options;
  }

  /** Throws `too-stale` and `history-lost` with `position` and, after waiting for one, `wanted`; rejects with the signal's reason. */
  async run(signal: AbortSignal): Promise<"pass" | "forward"> {
    const { clock, options } = this.#of;
    const first = this.#next();
    if (first.kind === "pass" || first.kind === "forward") return first.kind;
    if (first.kind === "refuse") throw this.#refusal(first.code);
    return withDeadline({ clock, ms: options.waitMs, signal }, async (until) => this.#walk(signal, until));
  }

  /** `until` ends the wait for a position; to ask the master has a limit of its own. */
  async #walk(signal: AbortSignal, until: AbortSignal): Promise<"pass" | "forward"> {
    const { reads } = this.#of.role;
    for (;;) {
      // taken before it is decided, so that no change between is missed
      const changes = [reads.epochChanged.next(), reads.delivered.next()] as const;
      const step = this.#next();
      switch (step.kind) {
        case "pass":
        case "forward":
          return step.kind;
        case "refuse":
          throw this.#refusal(step.code);
        case "ask":
          await this.#ask(signal);
          break;
        case "wait":
          try {
            await this.#wait(step.for, changes, until);
          } catch (error) {
            throw error instanceof DeadlinePassed ? this.#tooLate() : error;
          }
          break;
        default:
          step satisfies never;
      }
    }
  }

  #next(): ReadStep {
    const { role, options } = this.#of;
    return decideRead({ role: role.kind, after: this.#after(), freshness: this.#freshness() }, options);
  }

  #after(): AfterFacts | null {
    const { role, after } = this.#of;
    if (after === null) return null;
    return {
      ownEpoch: role.epoch,
      wantedEpoch: after.epoch,
      isContained: role.reads.visible.contains(after.gtid),
      isExact: after.gtid.flavour === "mysql",
      survived: after.epoch < role.epoch ? role.reads.epochs.survived(after) : null,
    };
  }

  #freshness(): FreshnessFacts {
    const { role } = this.#of;
    if (role.kind === "master") return { lagMs: 0, staleBoundMs: 0, asked: 0 };
    return { lagMs: role.lagMs(), staleBoundMs: role.reads.staleBoundMs(), asked: this.#asked };
  }

  async #wait(
    what: "progress" | "epoch",
    [epochChanged, delivered]: readonly [Promise<void>, Promise<void>],
    until: AbortSignal,
  ): Promise<void> {
    const { reads } = this.#of.role;
    if (what === "epoch" && (await orAbort(reads.epochs.learn(), until))) return;
    const over = new AbortController();
    const wanted = this.#of.after?.gtid;
    const isMissing = wanted !== undefined && !reads.visible.contains(wanted);
    try {
      await orAbort(
        Promise.race([
          epochChanged,
          ...(what === "epoch" ? [delivered] : []),
          ...(isMissing ? [reads.reached(wanted, AbortSignal.any([until, over.signal]))] : []),
        ]),
        until,
      );
    } finally {
      over.abort();
    }
  }

  /** Asks where the master is, and gives this node the time that the read allows for to get there. */
  async #ask(signal: AbortSignal): Promise<void> {
    const { role, clock, options } = this.#of;
    this.#asked += 1;
    if (role.kind === "master") return;
    const { reads } = role;
    try {
      const ms = Math.max(1, options.maxLagMs ?? 0);
      await withDeadline({ clock, ms, signal }, async (until) => {
        const asked = await reads.askMaster(until);
        if (asked) await reads.reached(asked.position, until);
        else this.#asked = Number.POSITIVE_INFINITY;
      });
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
    }
  }

  #refusal(code: "too-stale" | "history-lost"): UnderstudyError {
    const { role, after, options } = this.#of;
    const position = role.positionText();
    if (code === "history-lost") {
      return new UnderstudyError(
        code,
        `the position is of epoch ${after?.epoch}, and did not become part of the history that epoch ${role.epoch} goes on with`,
        { details: { position, wanted: after?.text } },
      );
    }
    const lagMs = role.lagMs();
    const lag = lagMs === null ? "is not known" : `is ${lagMs} ms`;
    return new UnderstudyError(
      code,
      `this node can't be sure to be at most ${options.maxLagMs} ms behind the master; its lag ${lag}`,
      { details: { position, lagMs } },
    );
  }

  #tooLate(): UnderstudyError {
    const { role, after, options } = this.#of;
    return new UnderstudyError(
      "too-stale",
      `this node did not come to the wanted position within ${options.waitMs} ms`,
      { details: { position: role.positionText(), wanted: after?.text, lagMs: role.lagMs() } },
    );
  }
}
