import { anySignal } from "@understudy/kernel";
import {
  errorCodeOf,
  formatPosition,
  HEADERS,
  UnderstudyError,
  type ErrorCode,
  type WriteOptions,
} from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { forwardToMaster } from "../http/forward-to-master.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import type { SlaveRole } from "../roles/slave-role.ts";
import { ackGoalOf } from "./ack-goal.ts";
import { findKept } from "./idempotency/find-kept.ts";
import type { KeyedOutcome } from "./idempotency/keyed-request.ts";
import { problemCodeOf } from "../http/problem-code.ts";
import { sendKeyed } from "./idempotency/send-keyed.ts";

/** A write that came to a slave. */
export interface WriteToForward {
  readonly role: SlaveRole;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Under which it is sent. */
  readonly key: string;
  /** True where the client gave the key. */
  readonly isKeyOwn: boolean;
  /** See `requestHash`; asked only where it is needed. */
  readonly hash: () => Uint8Array;
  readonly options: WriteOptions & { readonly timeoutMs?: number };
}

/** What the executor gives a statement that names no time of its own. */
const STATEMENT_MS = 30_000;
/** For a wait for a database connection, the end of a statement on its server and the ways to the master and back. */
const SLACK_MS = 15_000;
/** A client can do something about these; of anything else that a slave's own copy says, the master knows more. */
const TOLD: ReadonlySet<ErrorCode> = new Set(["idempotency-mismatch", "too-large"]);

/**
 * Passes a write on to the master under a key, the client's or a new one, so that it is sent again where the connection breaks and
 * still has one effect. Where no master answers, this node's own copy answers for a write that it has.
 */
export async function forwardWrite(
  runtime: NodeRuntime,
  write: WriteToForward,
): Promise<FastifyReply | object> {
  const { role, request, reply, options } = write;
  const { clock, random } = runtime.services;
  const { key } = write;
  const timeoutMs = (options.timeoutMs ?? STATEMENT_MS) + options.ackTimeoutMs + SLACK_MS;
  try {
    return await forwardToMaster(runtime, {
      role,
      request,
      reply,
      effect: "write",
      headers: { [HEADERS.idempotencyKey]: key },
      send: async (forwarded, signal) => {
        const send = () => role.link.forward(forwarded, signal, timeoutMs);
        // the end of this role ends it, too: then this node may be the master itself
        const answer = await sendKeyed(send, { clock, random, signal: anySignal(signal, role.reads.ended) });
        if (!write.isKeyOwn && problemCodeOf(answer) === "idempotency-unresolved") throw unknownOutcome();
        return answer;
      },
    });
  } catch (error) {
    const known = await findHere(runtime, { write, error });
    if (!known) throw error;
    return answerFromHere(runtime, write, known);
  }
}

/** The client gave no key, so that words about keys would not help it. */
function unknownOutcome(): UnderstudyError {
  return new UnderstudyError(
    "write-uncertain",
    "the connection to the master broke while it ran a statement that commits by itself; all, part or nothing of it may be done",
  );
}

async function findHere(
  runtime: NodeRuntime,
  { write, error }: { readonly write: WriteToForward; readonly error: unknown },
): Promise<KeyedOutcome | null> {
  const code = errorCodeOf(error);
  // a key of this node's own that was never sent is nowhere
  const mayBeHere = code === "write-uncertain" || (code === "no-leader" && write.isKeyOwn);
  // with elections a copy promises nothing: it may be what a master of before had alone, and which slaves' acks count only the master knows
  if (!mayBeHere || runtime.services.config.hasElections) return null;
  try {
    const { executor } = runtime.running();
    return await findKept(
      { executor, clock: runtime.services.clock },
      { key: write.key, hash: write.hash() },
    );
  } catch (failure) {
    if (TOLD.has(errorCodeOf(failure))) throw failure;
    return null;
  }
}

/** This node has it, which is one ack; of the others it can't ask. */
function answerFromHere(runtime: NodeRuntime, write: WriteToForward, known: KeyedOutcome): object {
  const { config, identity } = runtime.services;
  const { role, reply, options } = write;
  const position = formatPosition({ epoch: role.epoch, gtid: known.gtid ?? "" });
  const acks = [identity.nodeId];
  const slaves = role.view().members.length - 1;
  if (ackGoalOf(options.ack ?? config.defaultAck, slaves) > acks.length) {
    throw new UnderstudyError(
      "ack-timeout",
      "an earlier try of this write is committed, but no master can be reached that knows who else has it",
      { details: { committed: true, position, acks } },
    );
  }
  reply.header(HEADERS.position, position).header(HEADERS.idempotencyReplayed, "true").status(known.status);
  return { ...known.answer, position, acks, retries: known.retries, timeMs: 0 };
}
