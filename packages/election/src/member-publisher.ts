import type { Clock } from "@understudy/kernel";
import { memberKey } from "./cluster-state.ts";
import type { CoordinationStore } from "./coordination-store.ts";
import type { ElectionHost } from "./election-host.ts";

/** What {@link MemberPublisher} needs. */
export interface MemberPublisherOptions {
  readonly store: Pick<CoordinationStore, "change">;
  readonly host: Pick<ElectionHost, "describe">;
  readonly clock: Clock;
  readonly nodeId: string;
}

/** What only the election knows of its node. */
export interface PublishedStand {
  readonly leaseId: string | null;
  readonly closed: bigint | null;
  readonly refused: bigint | null;
}

/** Positions are told so often; a changed stand at once. */
const EVERY_MS = 1000;

/** Tells in the store how this node stands: written only where something has changed, so that a key's revision means something. */
export class MemberPublisher {
  readonly #of: MemberPublisherOptions;
  #told: { readonly stand: string; readonly value: string; readonly atMs: number } | null = null;
  #refused: bigint | null = null;

  constructor(options: MemberPublisherOptions) {
    this.#of = options;
  }

  /** The epoch whose master it has said to refuse it. */
  get refused(): bigint | null {
    return this.#refused;
  }

  /** Resolves when the store says so. Throws `coordination-unavailable`; it may say so then, and is told again the next time. */
  async publish({ leaseId, closed, refused }: PublishedStand, signal: AbortSignal): Promise<void> {
    this.#refused = refused;
    if (leaseId === null) return;
    const { store, host, clock, nodeId } = this.#of;
    const stand = `${leaseId} ${closed} ${refused}`;
    const nowMs = clock.monotonicMs();
    if (this.#told?.stand === stand && nowMs - this.#told.atMs < EVERY_MS) return;
    const text = (epoch: bigint | null): string => (epoch === null ? "" : epoch.toString());
    const value = JSON.stringify({
      ...(await host.describe(signal)),
      closed: text(closed),
      refused: text(refused),
    });
    if (this.#told?.stand === stand && this.#told.value === value) {
      this.#told = { stand, value, atMs: nowMs };
      return;
    }
    this.#told = null;
    const writes = [{ kind: "put", key: memberKey(nodeId), value, leaseId }] as const;
    await store.change({ conditions: [], writes }, { signal });
    this.#told = { stand, value, atMs: nowMs };
  }
}
