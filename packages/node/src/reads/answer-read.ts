import { HEADERS, type ReadOptions } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { forwardToMaster } from "../http/forward-to-master.ts";
import { streamFromMaster } from "../http/stream-from-master.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { retryWithoutLeader } from "../http/at-master.ts";
import { passReadGate, type ReadPass } from "./read-gate.ts";
import { asksForLines } from "./stream-query.ts";

/** A read under way. */
export interface ReadCall {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly options: ReadOptions;
}

/** A pass for this node. */
export type PassHere = Extract<ReadPass, { kind: "here" }>;

/** Answers a read here as soon as this node's data is fresh enough for it, or has the master answer it. */
export async function answerRead<Answer>(
  runtime: NodeRuntime,
  { request, reply, options }: ReadCall,
  run: (pass: PassHere) => Promise<Answer>,
): Promise<Answer | FastifyReply> {
  const pass = await whileConnected(request, (signal) =>
    retryWithoutLeader(runtime, { signal, isRead: true }, async () => {
      const found = await passReadGate(runtime, options, signal);
      if (found.kind === "here") return found;
      return asksForLines(request)
        ? await streamFromMaster(runtime, { role: found.role, request, reply })
        : await forwardToMaster(runtime, { role: found.role, request, reply, effect: "read" });
    }),
  );
  if (!isPass(pass)) return pass;
  reply.header(HEADERS.position, pass.position);
  if (pass.lagMs !== null) reply.header(HEADERS.lagMs, String(pass.lagMs));
  const answer = await run(pass);
  if (tellsPosition(answer)) reply.header(HEADERS.position, answer.position);
  return answer;
}

function isPass(pass: PassHere | FastifyReply): pass is PassHere {
  return "kind" in pass && pass.kind === "here";
}

function tellsPosition(answer: unknown): answer is { readonly position: string } {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "position" in answer &&
    typeof answer.position === "string"
  );
}
