import { UnderstudyError } from "@understudy/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { HttpServer } from "../http/create-server.ts";
import { DOCS_PAGE, DOCS_POLICY } from "../openapi/docs-page.ts";
import { openapiDocument } from "../openapi/openapi-document.ts";
import { OPERATIONS } from "../openapi/operations/all-operations.ts";
import { PAGE_ASSETS } from "../openapi/page-asset-names.ts";
import { readPageAsset } from "../openapi/page-assets.ts";
import type { CollectedRoute } from "../openapi/route-collection.ts";

const decompress = promisify(gunzip);
/** What a page whose buttons change data should have; the policy of its contents comes on top. */
const DOCS_HEADERS = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;
/** The files are those of this version of Understudy: an hour is short enough that an update is seen. */
const CACHE = "max-age=3600";

/** `GET /openapi.json` of all `routes`, and the page at `/docs`, which needs nothing from elsewhere. */
export function addDocsRoutes(server: HttpServer, routes: readonly CollectedRoute[]): void {
  let text: string | undefined;
  server.get("/openapi.json", async (_request, reply) => {
    text ??= JSON.stringify(openapiDocument(routes, OPERATIONS));
    return reply.type("application/json; charset=utf-8").send(text);
  });
  const sendPage = async (reply: FastifyReply): Promise<FastifyReply> =>
    reply
      .headers({ ...DOCS_HEADERS, "content-security-policy": DOCS_POLICY })
      .type("text/html; charset=utf-8")
      .send(DOCS_PAGE);
  server.get("/docs", (_request, reply) => sendPage(reply));
  const assets = new Map<string, Promise<Buffer>>();
  server.get<{ Params: { file: string } }>("/docs/:file", async (request, reply) => {
    const { file } = request.params;
    if (file === "") return sendPage(reply);
    const type = Object.hasOwn(PAGE_ASSETS, file) ? PAGE_ASSETS[file] : undefined;
    if (type === undefined) throw new UnderstudyError("not-found", `there is no ${request.url}`);
    let asset = assets.get(file);
    if (asset === undefined) assets.set(file, (asset = readPageAsset(file)));
    reply.headers({ "cache-control": CACHE, "x-content-type-options": "nosniff", vary: "accept-encoding" });
    return await sendPacked(request, reply.type(type), await asset);
  });
}

/** Sends gzipped bytes as they are to who takes them so, which is about everyone. */
async function sendPacked(
  request: FastifyRequest,
  reply: FastifyReply,
  packed: Buffer,
): Promise<FastifyReply> {
  if (/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) {
    return reply.header("content-encoding", "gzip").send(packed);
  }
  return reply.send(await decompress(packed));
}
