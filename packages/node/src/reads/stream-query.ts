import { anySignal } from "@understudy/kernel";
import { NDJSON_MEDIA_TYPE, type Problem } from "@understudy/protocol";
import type { RowStream, StreamOptions } from "@understudy/sql-executor";
import type { FastifyReply, FastifyRequest } from "fastify";
import { executorFor } from "../access/client-executor.ts";
import { problemOfAny } from "../http/problem-answer.ts";
import { CHUNK_BYTES, StreamedAnswer } from "../http/streamed-answer.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { elapsedMs } from "../routes/query-answer.ts";
import type { PassHere } from "./answer-read.ts";

/** A query to be streamed. */
export interface StreamedQuery {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly pass: PassHere;
  readonly query: Omit<StreamOptions, "signal">;
  /** Ends the stream: the node stops. */
  readonly stopping: AbortSignal;
  /** Opens it in some other way than {@link NodeRuntime} would, such as with better words for its errors. */
  readonly around?: (open: () => Promise<RowStream>) => Promise<RowStream>;
}

/** True where the caller wants rows as lines. */
export function asksForLines(request: FastifyRequest): boolean {
  return request.method !== "HEAD" && request.headers.accept?.includes(NDJSON_MEDIA_TYPE) === true;
}

/**
 * Answers with a line of columns, a line for each row, and a last line that tells how it ended. No row is read from the database
 * before the reader has room for it; a reader who goes, or stops reading, ends the query. What fails before the first line is
 * thrown; after it, the last line tells the error.
 */
export async function streamQuery(runtime: NodeRuntime, call: StreamedQuery): Promise<FastifyReply> {
  const { request, reply, query, stopping, around = (open) => open() } = call;
  const { clock } = runtime.services;
  const executor = executorFor(request, runtime.running().executor);
  await whileConnected(request, async (gone) => {
    const startedMs = clock.monotonicMs();
    const signal = anySignal(gone, stopping);
    await using stream = await around(() => executor.stream({ ...query, signal }));
    const headers = { "content-type": NDJSON_MEDIA_TYPE, "cache-control": "no-store" };
    using answer = new StreamedAnswer(reply, { status: 200, headers, clock });
    try {
      const rowCount = await writeRows(answer, headerOf(runtime, call.pass, stream), stream);
      const timeMs = elapsedMs(clock.monotonicMs() - startedMs);
      await answer.write(lineOf({ rowCount, position: await call.pass.tellPosition(), timeMs }));
      answer.end();
    } catch (error) {
      await endWithProblem(answer, problemOfAny(error, request));
      logFailure(runtime, request, error);
    }
  });
  return reply;
}

async function endWithProblem(answer: StreamedAnswer, problem: Problem): Promise<void> {
  // one who takes nothing would not take this either
  if (answer.isCut || problem.code === "node-unreachable") return;
  try {
    await answer.write(lineOf({ error: problem }));
    answer.end();
  } catch {
    // disposal cuts the answer, which tells that something is missing
  }
}

function logFailure({ services: { logger } }: NodeRuntime, request: FastifyRequest, error: unknown): void {
  const { code, detail } = problemOfAny(error, request);
  const fields = { event: "stream-failed", requestId: request.id, code };
  if (code === "internal" && !request.raw.socket.destroyed) logger.error({ ...fields, err: error }, detail);
  else logger.debug(fields, detail);
}

function headerOf(runtime: NodeRuntime, { position, lagMs }: PassHere, { columns }: RowStream): object {
  const { role } = runtime.running();
  return { columns, position, node: runtime.services.identity.nodeId, role: role.kind, lagMs };
}

/** Resolves with the number of rows. */
async function writeRows(answer: StreamedAnswer, header: object, stream: RowStream): Promise<number> {
  await answer.write(lineOf(header));
  let rowCount = 0;
  for await (const piece of stream.pieces()) {
    let text = "";
    for (const row of piece) {
      text += lineOf(row);
      if (text.length < CHUNK_BYTES) continue;
      await answer.write(text);
      text = "";
    }
    if (text !== "") await answer.write(text);
    rowCount += piece.length;
  }
  return rowCount;
}

function lineOf(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
