import type { ReadOptions } from "@understudy/protocol";
import type { NodeRuntime } from "../node-runtime.ts";
import type { SlaveRole } from "../roles/slave-role.ts";

/** Where a read is to be answered. */
export type ReadPass =
  | {
      /** By this node, now. */
      readonly kind: "here";
      /** Everything up to here is in what a query sees that begins now. */
      readonly position: string;
      /** How far behind the master; null where that can't be known. */
      readonly lagMs: number | null;
    }
  | {
      /** By the master: the whole request goes there as it is (`forwardToMaster`). */
      readonly kind: "master";
      readonly role: SlaveRole;
    };

/**
 * Resolves once this node's data is as fresh as a read asks for, or tells that the read is the master's. The query must begin
 * after it. Throws `invalid-request`, `too-stale`, `history-lost`, `no-leader`; rejects with the signal's reason.
 */
export async function passReadGate(
  runtime: NodeRuntime,
  options: ReadOptions,
  signal: AbortSignal,
): Promise<ReadPass> {
  signal.throwIfAborted();
  const { role } = runtime.running();
  if (options.consistency === "strong" && role.kind === "slave") return { kind: "master", role };
  return { kind: "here", position: role.positionText(), lagMs: role.lagMs() };
}
