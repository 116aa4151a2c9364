import { errorCodeOf, isUnderstudyError, UnderstudyError, type CommitAnswer } from "@understudy/protocol";
import type { ClusterCalls } from "./cluster-calls.ts";
import type { CallOptions, NodeClient } from "./node-client.ts";
import type { CommitInput } from "./requests.ts";
import { mayWriteAgainWithKey, settlesEarlierTries } from "./retry-rules.ts";

/** A transaction whose commit is to be carried through. */
export interface Committing {
  readonly id: string;
  /** Where it was begun. */
  readonly node: NodeClient;
  readonly calls: ClusterCalls;
}

/**
 * Commits, and asks the cluster what became of it where the answer is lost, until that is known or time is up. Throws
 * `transaction-expired` where it was rolled back, `ack-timeout` where acks were asked for and can't be told any more,
 * `write-uncertain` where nobody could tell the outcome.
 */
export async function carryCommitThrough(
  { id, node, calls }: Committing,
  request: CommitInput,
  options: CallOptions,
): Promise<CommitAnswer> {
  // Once a commit may have arrived, a later failure says nothing about it.
  let uncertain: unknown;
  // it may still be on its way to the slaves
  let unconfirmed: unknown;
  const commitAt = async (at: NodeClient, own: CallOptions): Promise<CommitAnswer> => {
    try {
      return await calls.toNode(at, (one) => one.commit(id, request, own), own);
    } catch (error) {
      const position = isUnderstudyError(error, "transaction-expired") ? committedPosition(error) : undefined;
      if (position !== undefined) return answerOf(id, { position, confirmed: confirmedIn(error) }, request);
      if (errorCodeOf(error) === "write-uncertain") uncertain = error;
      throw error;
    }
  };
  try {
    return await calls.again(
      (error) => error === unconfirmed || isPassing(error),
      options,
      async (own, attempt) => {
        if (attempt === 0) return commitAt(node, own);
        const leader = await calls.leader(own);
        const told = await calls.toNode(leader, (one) => one.transaction(id, own), own);
        if (told.state === "open") return commitAt(leader, own);
        if (told.state === "committed" && told.position !== null) {
          try {
            return answerOf(id, { position: told.position, confirmed: told.confirmed }, request);
          } catch (error) {
            if (told.confirmed === false) unconfirmed = error;
            throw error;
          }
        }
        throw new UnderstudyError(
          "transaction-expired",
          `the transaction was rolled back: ${told.reason ?? "it ended"}`,
          { details: { outcome: "rolled-back", reason: told.reason }, cause: uncertain },
        );
      },
    );
  } catch (error) {
    if (uncertain === undefined || error === uncertain || !isUnknown(error)) throw error;
    throw new UnderstudyError("write-uncertain", "what became of the commit could not be found out", {
      details: { transaction: id },
      cause: error,
    });
  }
}

function isPassing(error: unknown): boolean {
  return mayWriteAgainWithKey(error) && errorCodeOf(error) !== "deadlock";
}

/** True where a failure does not tell the outcome. */
function isUnknown(error: unknown): boolean {
  const code = errorCodeOf(error);
  return code === "not-found" || (code !== "deadlock" && !settlesEarlierTries(error));
}

function committedPosition(error: UnderstudyError): string | undefined {
  return error.details["outcome"] === "committed" ? error.position : undefined;
}

function confirmedIn(error: unknown): boolean | null {
  const confirmed = isUnderstudyError(error) ? error.details["confirmed"] : null;
  return typeof confirmed === "boolean" ? confirmed : null;
}

/** Nodes of an earlier release do not tell whether it is confirmed. */
function answerOf(
  id: string,
  { position, confirmed }: { readonly position: string; readonly confirmed: boolean | null | undefined },
  { ack }: CommitInput,
): CommitAnswer {
  const asksForAcks = ack !== undefined && ack !== "async";
  if (confirmed === false || (asksForAcks && confirmed !== true)) {
    throw new UnderstudyError(
      "ack-timeout",
      "committed, but the answer that would have told which slaves have it was lost",
      { details: { committed: true, position, acks: [] } },
    );
  }
  return { id, state: "committed", position, acks: [], retries: 0, timeMs: 0 };
}
