import { anySignal } from "@understudy/kernel";
import {
  QuarantineApplyRequest,
  QuarantineDiscardRequest,
  QuarantineListQuery,
  QuarantineReport,
  type QuarantineEntry,
  type QuarantineEntryAnswer,
  type QuarantineListAnswer,
} from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type from "typebox";
import { BACKUP_MEDIA_TYPE } from "../backup/backup-file.ts";
import { atMaster, isPassedOn } from "../http/at-master.ts";
import type { HttpServer } from "../http/create-server.ts";
import { forwardToMaster } from "../http/forward-to-master.ts";
import { stoppingSignal } from "../http/stopping-signal.ts";
import { StreamedAnswer } from "../http/streamed-answer.ts";
import { whileConnected } from "../http/while-connected.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { onBehalfOf } from "../peers/on-behalf.ts";
import { applyEntry } from "../rejoin/apply-entry.ts";
import { findEntry, listEverywhere, ownQuarantine, withClient } from "../rejoin/quarantines.ts";

const OfEntry = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const ASK_MS = 10_000;
const READ_MS = 10 * 60_000;

/** `GET /cluster/quarantine` and what is below it. */
export function addQuarantineRoutes(server: HttpServer, runtime: NodeRuntime): void {
  server.get("/cluster/quarantine", { schema: { querystring: QuarantineListQuery } }, (request) =>
    whileConnected(request, async (gone): Promise<QuarantineListAnswer> => {
      const { limit, after, own } = request.query;
      if (!own && after === undefined) {
        const { entries, unreachable } = await listEverywhere(runtime, limit, gone);
        return { entries: [...entries], next: null, unreachable: [...unreachable] };
      }
      const page = await (await ownQuarantine(runtime)).list({ limit, after });
      return { entries: [...page.items], next: page.next, unreachable: [] };
    }),
  );
  server.get(
    "/cluster/quarantine/:id",
    { schema: { params: OfEntry, querystring: QuarantineListQuery } },
    (request, reply) =>
      atHolder<QuarantineEntryAnswer>(
        runtime,
        { request, reply, own: request.query.own },
        async (quarantine) => {
          const { id } = request.params;
          const { limit, after } = request.query;
          const entry = await quarantine.get(id);
          const page = await quarantine.transactions(id, { limit, after });
          return { entry, transactions: [...page.items], next: page.next };
        },
      ),
  );
  addEntryWork(server, runtime);
  addEntryFiles(server, runtime);
}

/** What becomes of an entry. */
function addEntryWork(server: HttpServer, runtime: NodeRuntime): void {
  const stopping = stoppingSignal(server);
  server.post(
    "/cluster/quarantine/:id/discard",
    { schema: { params: OfEntry, body: QuarantineDiscardRequest } },
    (request, reply) =>
      atHolder<QuarantineEntry>(runtime, { request, reply, own: false }, (quarantine) =>
        quarantine.discard(request.params.id, { reason: request.body.reason, by: request.ip }),
      ),
  );
  server.post(
    "/cluster/quarantine/:id/apply",
    { schema: { params: OfEntry, body: QuarantineApplyRequest } },
    (request, reply) =>
      whileConnected(request, (gone) =>
        atMaster<QuarantineReport | FastifyReply>(runtime, gone, {
          isPassedOn: isPassedOn(request),
          master: (role) =>
            applyEntry(runtime, {
              id: request.params.id,
              request: request.body,
              signal: anySignal(stopping, role.reads.ended),
            }),
          slave: (role) => forwardToMaster(runtime, { role, request, reply, effect: "write" }),
        }),
      ),
  );
  server.post(
    "/cluster/quarantine/:id/report",
    { schema: { params: OfEntry, body: QuarantineReport } },
    async (request) => {
      await (await ownQuarantine(runtime)).fileReport(request.params.id, request.body);
      return { filed: request.params.id };
    },
  );
}

/** What an entry holds, as it is and as people read it. */
function addEntryFiles(server: HttpServer, runtime: NodeRuntime): void {
  const pieces = { exposeHeadRoute: false, schema: { params: OfEntry } };
  server.get("/cluster/quarantine/:id/raw", pieces, (request, reply) =>
    whileConnected(request, async (gone) => {
      const quarantine = await ownQuarantine(runtime);
      const { id } = request.params;
      const { manifest } = await quarantine.get(id);
      const isCopy = manifest.kind === "whole-copy";
      const name = `${manifest.node}-${id}.${isCopy ? "understudy" : "binlog"}`;
      return stream(runtime, reply, {
        type: isCopy ? BACKUP_MEDIA_TYPE : "application/octet-stream",
        attachment: name.replaceAll(/[^\w.-]/g, "_"),
        chunks: quarantine.raw(id, gone),
      });
    }),
  );
  server.get("/cluster/quarantine/:id/listing", pieces, (request, reply) =>
    whileConnected(request, async (gone) => {
      const place = await findEntry(runtime, request.params.id, gone);
      const type = "text/plain; charset=utf-8";
      if (place.kind === "here") {
        return stream(runtime, reply, {
          type,
          chunks: place.quarantine.listing(request.params.id, { signal: gone }),
        });
      }
      return withClient(runtime, place.member, async (client) => {
        const asked = { method: "GET", path: request.url, headers: onBehalfOf(request), body: undefined };
        using answer = await client.forwardStream(asked, { signal: gone, timeoutMs: READ_MS });
        return await stream(runtime, reply, { type, chunks: answer.body() });
      });
    }),
  );
}

/** Answers here where this node holds the entry, else as the one that holds it. */
async function atHolder<T>(
  runtime: NodeRuntime,
  {
    request,
    reply,
    own,
  }: {
    readonly request: FastifyRequest<{ Params: { id: string } }>;
    readonly reply: FastifyReply;
    readonly own: boolean;
  },
  answer: (quarantine: Awaited<ReturnType<typeof ownQuarantine>>) => Promise<T>,
): Promise<T | FastifyReply> {
  if (own) return answer(await ownQuarantine(runtime));
  return whileConnected(request, async (gone) => {
    const place = await findEntry(runtime, request.params.id, gone);
    if (place.kind === "here") return answer(place.quarantine);
    const hasBody = request.body !== undefined && request.body !== null;
    const told = await withClient(runtime, place.member, (client) =>
      client.forward(
        {
          method: request.method,
          path: request.url,
          headers: { ...onBehalfOf(request), ...(hasBody ? { "content-type": "application/json" } : {}) },
          body: hasBody ? JSON.stringify(request.body) : undefined,
        },
        { signal: gone, timeoutMs: ASK_MS },
      ),
    );
    return reply
      .status(told.status)
      .type(told.headers["content-type"] ?? "application/json")
      .send(told.body);
  });
}

async function stream(
  { services }: NodeRuntime,
  reply: FastifyReply,
  {
    type,
    attachment,
    chunks,
  }: {
    readonly type: string;
    /** Name of the file that it is saved as; left out for what is read on a screen. */
    readonly attachment?: string;
    readonly chunks: AsyncIterable<Uint8Array>;
  },
): Promise<FastifyReply> {
  const headers = {
    "content-type": type,
    "cache-control": "no-store",
    ...(attachment === undefined ? {} : { "content-disposition": `attachment; filename="${attachment}"` }),
  };
  using answer = new StreamedAnswer(reply, { status: 200, headers, clock: services.clock });
  for await (const chunk of chunks) await answer.write(chunk);
  answer.end();
  return await reply;
}
