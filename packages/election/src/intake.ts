import type { Clock } from "@understudy/kernel";
import type { ClusterState, Leader } from "./cluster-state.ts";
import type { CoordinationStore } from "./coordination-store.ts";
import type { ElectionHost } from "./election-host.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { MemberPublisher } from "./member-publisher.ts";

/** What {@link Intake} needs. */
export interface IntakeOptions {
  readonly store: Pick<CoordinationStore, "change">;
  readonly host: Pick<ElectionHost, "describe" | "close" | "reopen" | "follow">;
  readonly clock: Clock;
  readonly nodeId: string;
  readonly lease: Pick<LeaseKeeper, "leaseId">;
}

/**
 * Whether a node takes what masters send, and what the store says of that. The store never says that it is closed while it is not:
 * it closes before it says so, and says that it is open before it opens.
 */
export class Intake {
  readonly #of: IntakeOptions;
  readonly #publisher: MemberPublisher;
  #closed: { readonly epoch: bigint; readonly sinceMs: number } | null = null;
  #closing: bigint | null = null;
  #refused: bigint | null = null;
  #isOpen = false;

  constructor(options: IntakeOptions) {
    this.#of = options;
    this.#publisher = new MemberPublisher(options);
  }

  /** The epoch up to which it takes nothing; null while it takes. */
  get closed(): bigint | null {
    return this.#closed?.epoch ?? null;
  }

  /** For how long, in ms; 0 while it takes. */
  get closedForMs(): number {
    return this.#closed ? this.#of.clock.monotonicMs() - this.#closed.sinceMs : 0;
  }

  /** False until it was opened in this life. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** True where it takes nothing from a master of this epoch, or is about to. */
  isClosedTo(epoch: bigint): boolean {
    return [this.closed, this.#closing].some((closed) => closed !== null && closed >= epoch);
  }

  /** What the store has was read again. */
  noteStored(state: ClusterState): void {
    this.#publisher.noteStored(state);
  }

  /** See `MemberPublisher.firstAt`. */
  get toldAt(): bigint | null {
    return this.#publisher.firstAt;
  }

  /** The node stands differently now, so that it is told with the next {@link publish}. */
  renew(): void {
    this.#publisher.renew();
  }

  /** True when the store says how this node stands. Throws `coordination-unavailable`. */
  async publish(signal: AbortSignal): Promise<boolean> {
    const { leaseId } = this.#of.lease;
    return this.#publisher.publish({ leaseId, closed: this.closed, refused: this.#refused }, signal);
  }

  /** Closes to masters of this and earlier epochs, and then says so: true when the store has it. Throws `coordination-unavailable`. */
  async close(
    { epoch, refused }: { readonly epoch: bigint; readonly refused: bigint | null },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { host, clock } = this.#of;
    this.#closing = epoch;
    try {
      await host.close(epoch, signal);
      if (this.#closed?.epoch !== epoch) this.#closed = { epoch, sinceMs: clock.monotonicMs() };
    } finally {
      this.#closing = null;
    }
    this.#refused = refused;
    return this.publish(signal);
  }

  /** Opens, but only once the store says so: nobody may rely on its being closed any more. Throws `coordination-unavailable`. */
  async reopen(leader: Leader, signal: AbortSignal): Promise<void> {
    const { host, lease } = this.#of;
    const open = { leaseId: lease.leaseId, closed: null, refused: null };
    if (!(await this.#publisher.publish(open, signal))) return;
    this.#closed = null;
    this.#refused = null;
    this.#isOpen = false;
    await host.reopen(leader.epoch);
    this.#isOpen = true;
    host.follow(leader);
  }

  /** It leads, so it takes from nobody, and no one relies on what it has. */
  noteLeads(): void {
    this.#closed = null;
    this.#refused = null;
    this.#isOpen = true;
  }
}
