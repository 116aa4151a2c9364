import type { FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { Server as TlsServer } from "node:tls";
import type { Admission, HeldBytes } from "./admission.ts";
import type { HttpServer } from "./create-server.ts";

/** Above the limit for clients: room for probes, deliveries and refusals. Beyond it connections are closed unheard. */
const SPARE_CONNECTIONS = 100;
/** Bodies up to here are counted by the length that they announce; larger ones as they arrive, since an announcement costs nothing. */
const SMALL_BODY_BYTES = 64 * 1024;

/** What goes on under any load: it is little, keeps the cluster together, or tells of the load. */
const NEVER_REFUSED =
  /^\/(?:ping|metrics|backup|openapi\.json|(?:health|cluster|jobs|replicate|docs)(?:\/.*)?)$/;

/** True for what counts towards the limits: everything that clients can ask of the database. */
export function isClientWork(method: string, route: string | undefined): boolean {
  return method !== "OPTIONS" && (route === undefined || !NEVER_REFUSED.test(route));
}

/** Holds requests, their bodies and connections to the limits of `admission`. To be added after the checks that refuse without a count. */
export function addAdmission(server: HttpServer, admission: Admission, connectionsMax: number): void {
  const excess = new WeakSet<Socket>();
  server.server.maxConnections = connectionsMax + SPARE_CONNECTIONS;
  // over TLS requests come on another socket than the one that was accepted
  const accepted = server.server instanceof TlsServer ? "secureConnection" : "connection";
  server.server.on(accepted, (socket: Socket) => {
    const connection = admission.beginConnection();
    if (connection.isExcess) excess.add(socket);
    socket.once("close", () => connection.release());
  });
  server.server.on("drop", () => admission.refuse("connections", "closed unheard"));

  server.addHook("onRequest", async (request, reply) => {
    const isExcess = excess.has(request.raw.socket);
    if (isExcess) reply.header("connection", "close");
    if (!isCounted(request)) return;
    if (isExcess) {
      throw admission.refuse(
        "connections",
        `more than ${connectionsMax} connections are open (UNDERSTUDY_CONNECTIONS_MAX)`,
      );
    }
    const held = admission.beginRequest();
    reply.raw.once("close", () => held.release());
  });
  server.addHook("preParsing", async (request, reply, payload) => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    if ((length === undefined && encoding === undefined) || !isCounted(request)) return payload;
    const held = admission.beginBody();
    reply.raw.once("close", () => held.release());
    const announced = Number(length);
    if (!(announced <= SMALL_BODY_BYTES)) return Readable.from(metered(payload, held));
    held.add(announced);
    return payload;
  });
}

function isCounted(request: FastifyRequest): boolean {
  return isClientWork(request.method, request.routeOptions.url);
}

/**
 * Passes a body on and counts it as it is read: one that is refused unread stays where it is. Fails with the refusal, and leaves the
 * rest to be drained.
 */
async function* metered(payload: Readable, held: HeldBytes): AsyncGenerator<Buffer> {
  const chunks = payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    held.add(chunk.length);
    yield chunk;
  }
}
