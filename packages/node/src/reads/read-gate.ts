import { anySignal } from "@understudy/kernel";
import { formatPosition, UnderstudyError, type ReadOptions } from "@understudy/protocol";
import type { NodeRuntime } from "../node-runtime.ts";
import type { SlaveRole } from "../roles/slave-role.ts";
import { ReadWalk } from "./read-walk.ts";
import { parseWantedPositions } from "./wanted-position.ts";

/** Where a read is to be answered. */
export type ReadPass =
  | {
      /** By this node, now. */
      readonly kind: "here";
      /** Everything up to here is in what a query sees that begins now. */
      readonly position: string;
      /**
       * To be called when the rows have been read: the position to tell with them. A read that named `after` belongs to a session,
       * which must not go back in time at another node: it is told a position that has all that its rows can show. Any other is
       * told {@link position}, which costs nothing. A strong read besides waits here until all that its rows can show is
       * confirmed: else a later one, of the next master, might not see it any more. Throws `too-stale`, `no-leader`.
       */
      readonly tellPosition: () => Promise<string>;
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
  checkOptions(options);
  const { executor, role } = runtime.running();
  const { clock } = runtime.services;
  if (role.kind === "slave") role.checkWhole();
  // only the master that leads may say that nobody has written since
  if (options.consistency !== "local" && role.kind === "master") {
    // while the lead is handed over, the other one may lead before this one knows
    using pass = await role.gate.enter(signal);
    if (pass === null) throw new UnderstudyError("starting", "this node is just ceasing to be the master");
    await role.checkLeads();
  }
  const { after, waitMs } = options;
  const wanted = after === undefined ? [null] : parseWantedPositions(executor.server.flavour, after);
  const ended = anySignal(signal, role.reads.ended);
  const startMs = clock.monotonicMs();
  // a session whose calls overlapped names several: what it has seen is reached when the last of them is
  for (const one of wanted) {
    const leftMs = Math.max(0, Math.ceil(waitMs - (clock.monotonicMs() - startMs)));
    const walk = new ReadWalk({ role, clock, options: { ...options, waitMs: leftMs }, after: one });
    const end = await walk.run(ended);
    if (end === "forward" && role.kind === "slave") return { kind: "master", role };
  }
  if (role.kind === "slave") role.checkInside();
  const position = role.positionText();
  const isStrong = options.consistency === "strong" && role.kind === "master";
  const tellPosition = async (): Promise<string> => {
    if (after === undefined && !isStrong) return position;
    const seen = await role.reads.askSeen();
    if (isStrong) await role.acks.untilAgreed(seen, { ms: waitMs, signal: ended });
    if (after === undefined) return position;
    return formatPosition({ epoch: role.epoch, gtid: seen.toString() });
  };
  return { kind: "here", position, tellPosition, lagMs: role.lagMs() };
}

/** Throws `invalid-request` for options that only make sense together. */
function checkOptions({ consistency, maxLagMs }: ReadOptions): void {
  if ((consistency === "bounded") === (maxLagMs !== undefined)) return;
  const message =
    consistency === "bounded"
      ? "bounded needs maxLagMs: how old the data may be, in milliseconds"
      : `maxLagMs says something only with bounded, and the consistency is ${consistency}`;
  throw new UnderstudyError("invalid-request", message, { details: { path: "/maxLagMs" } });
}
