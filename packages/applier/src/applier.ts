import type { GtidPosition } from "@understudy/binlog";
import type { Clock, Logger, Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { ApplyFailure } from "./apply-failure.ts";
import type { ApplierConnection } from "./applier-connection.ts";

/** What an applier works with. */
export interface ApplierOptions {
  readonly flavour: Flavour;
  /** Opens a session with full rights, several statements in one packet allowed, no default database. */
  readonly connect: (signal: AbortSignal) => Promise<ApplierConnection>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called after each commit (or group of commits), and when the position was read from the server, with the position reached; must be quick and must not throw. */
  readonly onProgress?: (position: GtidPosition) => void;
  /** How long a delivery waits for the one before it. Default 1000. */
  readonly orderWaitMs?: number;
  /** After so long a wait for another session's lock it is said in the log, and tried again. Default 20, at least 1. */
  readonly lockWaitSeconds?: number;
  /** What an earlier life could not apply: it begins as `broken`. */
  readonly broken?: ApplyFailure | null;
  /** Ends the opening. */
  readonly signal?: AbortSignal;
}

/** How one delivery is applied. */
export interface ApplyOptions {
  /** The position that the delivery continues from. */
  readonly after: GtidPosition;
  readonly signal: AbortSignal;
}

/** What a delivery did. */
export interface ApplyOutcome {
  /** What this server has committed now. */
  readonly position: GtidPosition;
  /** Transactions that this delivery committed; what was there already does not count. */
  readonly applied: number;
}

/** What an applier is doing. `broken` stays until `resume`. */
export type ApplierState =
  { readonly kind: "idle" } | { readonly kind: "applying" } | ({ readonly kind: "broken" } & ApplyFailure);

/** Commits delivered transactions in a slave's database server, exactly once, in order, under their own GTIDs. */
export interface Applier extends AsyncDisposable {
  readonly state: ApplierState;
  /** What this server has committed, kept up to date in memory. */
  readonly position: GtidPosition;
  /** Since it was opened. */
  readonly stats: { readonly transactions: number; readonly bytes: number };
  /**
   * Applies one delivery (magic, format description, whole transactions). Calls may overlap, two at a time: the second is
   * parsed only after the first's input is consumed, and settles after its own last commit. Waits up to `orderWaitMs`
   * for `after` to be contained in what is committed or taken in. A transaction that is already committed is skipped.
   *
   * Throws `position-mismatch` with `{position}`; `apply-failed` with `{gtid, table, error, errno}`, after which the state
   * is `broken` and each later call throws the same; `binlog-corrupt`; `binlog-unsupported`; `database-unavailable` where the
   * connection is lost: nothing is lost, the next call connects again and goes on from the server's own position.
   * On any failure, whole transactions before it stay committed and are part of `position`; the partial one is rolled back.
   */
  apply(body: AsyncIterable<Uint8Array>, options: ApplyOptions): Promise<ApplyOutcome>;
  /** Reads the position from the server again, after someone changed it. Throws `database-unavailable`. */
  refresh(): Promise<GtidPosition>;
  /** Leaves `broken`, so that the next delivery tries again. */
  resume(): Promise<void>;
}
