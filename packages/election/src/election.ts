import type { ChangeSignal } from "@understudy/kernel";
import type { ClusterState } from "./cluster-state.ts";
import type { PromotionPlan } from "./promotion-plan.ts";
import type { SyncAgreement } from "./sync-agreement.ts";

/** Who asks for a promise. */
export interface PromiseRequest {
  readonly nodeId: string;
  readonly epoch: bigint;
  /** No commit goes through at it. */
  readonly stalled: boolean;
}

/** Decides who leads, and tells its node to. Disposal gives the lead back, after the host has ended its role. */
export interface Election extends AsyncDisposable {
  readonly kind: "static" | "etcd";
  /** Throws `no-leader` where this node can't be sure to lead in this epoch now. */
  checkLeads(epoch: bigint): void;
  /** Which acks confirm a write; null where none are agreed on by a store. */
  readonly sync: SyncAgreement | null;
  /** What the cluster has agreed on, as it was read last; null where there is no store, or it was never read. */
  readonly state: ClusterState | null;
  /** Who would be promoted now, and why. Null where no store knows the members. */
  plan(): PromotionPlan | null;
  /** Looks again at once: something has happened that may matter. */
  hurry(): void;
  /**
   * Hands the lead over to a member that has everything; this node steps down. Throws `promotion-blocked` where it is not there,
   * `coordination-unavailable` where it is not known whether it was handed over: look at {@link state} then.
   */
  handOver(nodeId: string, signal: AbortSignal): Promise<void>;
  /**
   * Takes the lead by a person's word. Throws `promotion-blocked` where the plan does not name this node and no loss is accepted.
   */
  force(options: { readonly acceptLoss: boolean }, signal: AbortSignal): Promise<void>;
  /**
   * A master that can't ask the store asks whether this node accepts no other; after a yes it does not, for the time of a lease. One whose
   * commits are stalled gets no promise from a node that can ask the store.
   */
  promise(leader: PromiseRequest): boolean;
  /** Notified when the lead may have changed. */
  readonly changed: ChangeSignal;
}
