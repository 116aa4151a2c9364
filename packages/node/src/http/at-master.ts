import { backoffMs, isCodedError } from "@understudy/kernel";
import { HEADERS, type ErrorCode } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";
import { NotTakenError } from "./not-taken-error.ts";
import type { NodeRuntime, RunningNode } from "../node-runtime.ts";
import type { MasterRole } from "../roles/master-role.ts";
import type { SlaveRole } from "../roles/slave-role.ts";

/** What a request that needs a master does, by the role that this node has when it gets to it. */
export interface AtMaster<T> {
  readonly master: (role: MasterRole, running: RunningNode) => Promise<T>;
  /** Passes it on. What it throws with one of {@link NOT_TAKEN} surely had no effect. */
  readonly slave: (role: SlaveRole, running: RunningNode) => Promise<T>;
  /** Whether it may be run again now though an earlier try may have had its effect: that try had the key that the next one will have. */
  readonly isRepeatable?: () => boolean;
  /** True for what goes on with something that was begun before writes were held. */
  readonly goesOn?: boolean;
  /** True where another node has passed it on: that one knows best where to try again, so it is not kept waiting. */
  readonly isPassedOn: boolean;
}

/** True for a request that another node has passed on. */
export function isPassedOn({ headers }: Pick<FastifyRequest, "headers">): boolean {
  return headers[HEADERS.forwardedBy] !== undefined;
}

const BACKOFF = { baseMs: 20, maxMs: 200 } as const;

/** Codes of a node that did not take a request, since it is not, or not yet, the master. */
export const NOT_TAKEN: ReadonlySet<string> = new Set<ErrorCode>([
  "database-unavailable",
  "forward-loop",
  "no-leader",
  "starting",
]);

/**
 * Runs a request here where this node is the master, else has it passed on. While the lead goes from one node to another it waits: at
 * the master's gate, for this node's own new role, and, for `UNDERSTUDY_LEADER_WAIT_MS`, for a node that leads.
 */
export async function atMaster<T>(
  runtime: NodeRuntime,
  signal: AbortSignal,
  request: AtMaster<T>,
): Promise<T> {
  const task = async (): Promise<T> => {
    for (;;) {
      const running = request.isPassedOn ? runtime.running() : await runtime.settled(signal);
      const { role } = running;
      if (role.kind === "slave") return request.slave(role, running);
      using pass = request.goesOn === true ? role.gate.pass() : await role.gate.enter(signal);
      if (pass !== null) return await doubting(role, () => request.master(role, running));
    }
  };
  if (request.isPassedOn) return task();
  return retryWithoutLeader(runtime, { signal, isRepeatable: request.isRepeatable }, task);
}

/** A database server that is gone shows first where somebody needs it. */
async function doubting<T>(role: MasterRole, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (isCodedError(error, "database-unavailable") || isCodedError(error, "write-uncertain"))
      role.doubtDatabase();
    throw error;
  }
}

/** How {@link retryWithoutLeader} goes about it. */
export interface RetryOptions {
  readonly signal: AbortSignal;
  /** See {@link AtMaster.isRepeatable}. */
  readonly isRepeatable?: (() => boolean) | undefined;
  /** It has no effect, so that it may be asked again though an answer was lost. */
  readonly isRead?: boolean;
}

/**
 * Runs `task` again, for `UNDERSTUDY_LEADER_WAIT_MS`, while it fails for want of a node that leads (without elections only where a node that
 * is there has just ceased to lead, or this one's role has changed); where it `isRepeatable` also where nobody can tell what became of it and
 * this node's role has changed meanwhile: `write-uncertain` then, unless a later try tells.
 */
export async function retryWithoutLeader<T>(
  runtime: NodeRuntime,
  { signal, isRepeatable = () => false, isRead = false }: RetryOptions,
  task: () => Promise<T>,
): Promise<T> {
  const { clock, random, config } = runtime.services;
  const untilMs = clock.monotonicMs() + config.leaderWaitMs;
  let uncertain: unknown;
  for (let tries = 0; ; tries++) {
    const role = runtime.current()?.role;
    try {
      return await task();
    } catch (error) {
      const isOver = role !== runtime.current()?.role;
      // without elections nobody takes over by himself, so that only a lead that is just handed over is worth a wait
      if (!config.hasElections && !(error instanceof NotTakenError) && !isOver) throw error;
      const mayRepeat =
        isNotTaken(error) ||
        (isOver && isCodedError(error, "write-uncertain") && isRepeatable()) ||
        (isRead && isCodedError(error, "node-unreachable"));
      if (isCodedError(error, "write-uncertain")) uncertain ??= error;
      if (!mayRepeat || signal.aborted || clock.monotonicMs() >= untilMs) {
        // that a later try was not taken says nothing of the earlier one
        throw isNotTaken(error) ? (uncertain ?? error) : error;
      }
    }
    await clock.sleep(backoffMs(tries, BACKOFF, random), signal);
  }
}

/**
 * A master whose database server is gone does not lead for long. A request that another node has passed on to this one, which is no
 * master either, goes back at once: the other knows better by now.
 */
function isNotTaken(error: unknown): boolean {
  return (["no-leader", "starting", "database-unavailable"] as const).some((code) =>
    isCodedError(error, code),
  );
}
