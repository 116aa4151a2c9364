import type { Clock } from "@understudy/kernel";
import type { Member } from "@understudy/protocol";

/**
 * When each other node was last seen, by whomever: kept while this node's role changes, so that a new master can tell of a node that
 * went before it led.
 */
export class Sightings {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #seenMs = new Map<string, number>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** The node was there at this time (ms since 1970). An earlier one than is known changes nothing. */
  note(nodeId: string, atMs: number): void {
    if (Number.isNaN(atMs)) return;
    // the clock of the node that tells may be ahead
    const seenMs = Math.min(atMs, this.#clock.nowMs());
    this.#seenMs.set(nodeId, Math.max(seenMs, this.#seenMs.get(nodeId) ?? seenMs));
  }

  /** Takes over what another node tells of these; who is no longer among them is forgotten. */
  noteTold(members: readonly Pick<Member, "nodeId" | "lastSeen">[]): void {
    const told = new Set(members.map(({ nodeId }) => nodeId));
    for (const nodeId of this.#seenMs.keys()) if (!told.has(nodeId)) this.#seenMs.delete(nodeId);
    for (const { nodeId, lastSeen } of members)
      if (lastSeen !== null) this.note(nodeId, Date.parse(lastSeen));
  }

  /** In ms since 1970; null where it was not seen as far as this node knows. */
  of(nodeId: string): number | null {
    return this.#seenMs.get(nodeId) ?? null;
  }
}
