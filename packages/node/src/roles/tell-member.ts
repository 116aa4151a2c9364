import { messageOf, type Logger } from "@understudy/kernel";
import type { FollowsRequest } from "@understudy/protocol";
import type { RegisteredMember } from "../cluster/member-registry.ts";

const TIMEOUT_MS = 1500;

/** Tells a member what its master wants of it. One that does not answer is told again at another time. Throws the signal's reason. */
export async function tellMember(
  { nodeId, client }: RegisteredMember,
  words: FollowsRequest,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await client.follows(words, { signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    signal.throwIfAborted();
    logger.debug({ event: "member-not-invited", member: nodeId }, messageOf(error));
  }
}
