import type { FastifyReply } from "fastify";
import { HEADERS } from "@understudy/protocol";
import type { NodeRuntime } from "../node-runtime.ts";
import { countForward, forwardedAnswerHeaders, type Forwarding } from "./forward-to-master.ts";
import { StreamedAnswer } from "./streamed-answer.ts";
import { whileConnected } from "./while-connected.ts";

/**
 * As `forwardToMaster`, for a read whose answer is long: it goes on to the reader as it comes, no faster than he takes it. Where
 * the master breaks off in the middle, so does this, since what a line would say can't be known.
 */
export async function streamFromMaster(
  runtime: NodeRuntime,
  forwarding: Omit<Forwarding, "effect">,
): Promise<FastifyReply> {
  const { role, request, reply } = forwarding;
  const { clock, identity } = runtime.services;
  const { nodeId } = identity;
  await whileConnected(request, async (signal) => {
    using source = await countForward(runtime, { ...forwarding, effect: "read" }, (forwarded) =>
      role.link.forwardStream(forwarded, signal),
    );
    const headers = { ...forwardedAnswerHeaders(source.headers), [HEADERS.forwardedBy]: nodeId };
    using answer = new StreamedAnswer(reply, { status: source.status, headers, clock });
    try {
      for await (const chunk of source.body()) await answer.write(chunk);
      answer.end();
    } catch {
      // disposal cuts the answer, which is all that can be told now
    }
  });
  return reply;
}
