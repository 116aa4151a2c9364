import type { Clock } from "@understudy/kernel";
import { memberKey, type ClusterState } from "./cluster-state.ts";
import type { CoordinationStore } from "./coordination-store.ts";
import type { ElectionHost, NodeDescription } from "./election-host.ts";

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

/**
 * Tells in the store how this node stands: written only where something has changed, so that a key's revision means something, and
 * only on top of what it knows to stand there, so that no request of which it has given up the answer can bring an older stand back.
 */
export class MemberPublisher {
  readonly #of: MemberPublisherOptions;
  #told: { readonly stand: string; readonly value: string; readonly atMs: number } | null = null;
  #revision = 0n;
  #seenAt = 0n;
  #firstAt: bigint | null = null;

  constructor(options: MemberPublisherOptions) {
    this.#of = options;
  }

  /** The store's revision at which it first said how this node stands; null before. */
  get firstAt(): bigint | null {
    return this.#firstAt;
  }

  /** The node stands differently now, so that it is told at once. */
  renew(): void {
    this.#told = null;
  }

  /** Notes what the store has: another revision than one's own last write means that it has to be told again. */
  noteStored(state: Pick<ClusterState, "revision" | "revisionOf">): void {
    if (state.revision < this.#seenAt) return;
    const revision = state.revisionOf(memberKey(this.#of.nodeId));
    if (revision !== this.#revision) this.#told = null;
    this.#revision = revision;
    this.#seenAt = state.revision;
  }

  /**
   * True when the store says so; false while that can't be had: there is no lease, or something else stands there than was noted.
   * Throws `coordination-unavailable`; it may say so then, and is told again the next time.
   */
  async publish({ leaseId, closed, refused }: PublishedStand, signal: AbortSignal): Promise<boolean> {
    if (leaseId === null) return false;
    const { store, clock, nodeId } = this.#of;
    const stand = `${leaseId} ${closed} ${refused}`;
    const nowMs = clock.monotonicMs();
    if (this.#told?.stand === stand && nowMs - this.#told.atMs < EVERY_MS) return true;
    const text = (epoch: bigint | null): string => (epoch === null ? "" : epoch.toString());
    const description = await this.#describe(signal);
    if (!description) {
      await this.#withdraw(signal);
      return false;
    }
    const value = JSON.stringify({ ...description, closed: text(closed), refused: text(refused) });
    if (this.#told?.stand === stand && this.#told.value === value) {
      this.#told = { stand, value, atMs: nowMs };
      return true;
    }
    this.#told = null;
    const key = memberKey(nodeId);
    const { made, revision } = await store.change(
      {
        conditions: [{ key, modRevision: this.#revision }],
        writes: [{ kind: "put", key, value, leaseId }],
      },
      { signal },
    );
    if (!made) return false;
    this.#revision = revision;
    this.#seenAt = revision;
    this.#firstAt ??= revision;
    this.#told = { stand, value, atMs: nowMs };
    return true;
  }

  /** Null where the node can't tell how it stands: it has no role for the moment, or its database server does not answer. */
  async #describe(signal: AbortSignal): Promise<NodeDescription | null> {
    try {
      return await this.#of.host.describe(signal);
    } catch {
      signal.throwIfAborted();
      return null;
    }
  }

  /** Nobody should wait for a node that can't say where it is. */
  async #withdraw(signal: AbortSignal): Promise<void> {
    this.#told = null;
    if (this.#revision === 0n) return;
    const key = memberKey(this.#of.nodeId);
    const { made, revision } = await this.#of.store.change(
      { conditions: [{ key, modRevision: this.#revision }], writes: [{ kind: "delete", key }] },
      { signal },
    );
    if (!made) return;
    this.#revision = 0n;
    this.#seenAt = revision;
  }
}
