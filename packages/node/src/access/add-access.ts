import { isCodedError } from "@understudy/kernel";
import type { FastifyRequest } from "fastify";
import type { HttpServer } from "../http/create-server.ts";
import type { AccessControl } from "./access-control.ts";
import { callerOf, noteCaller, requireDatabase } from "./caller.ts";
import { databasesNamedBy } from "./named-databases.ts";
import { accessOf, type RouteAccess } from "./route-access.ts";

/** What {@link addAccess} needs. */
export interface AddAccessOptions {
  readonly control: AccessControl;
  /** `GET /metrics` needs no token. */
  readonly hasOpenMetrics: boolean;
  /** Told of each call that changes the cluster's shape, once it is answered. Must not throw. */
  readonly audit: (request: FastifyRequest, status: number) => void;
}

/**
 * Has each request pass the access control before its body is read. To be added behind what answers preflights and names its
 * sender, and before what counts requests, so that strangers hold no room.
 */
export function addAccess(server: HttpServer, options: AddAccessOptions): void {
  const { control, hasOpenMetrics, audit } = options;
  server.addHook("onRequest", async (request, reply) => {
    // what there is not is told to everyone; the paths of a node are no secret
    if (request.routeOptions.url === undefined || request.method === "OPTIONS") return;
    const asked = {
      access: accessFor(request, hasOpenMetrics),
      what: whatOf(request),
      authorization: request.headers.authorization,
      address: request.ip,
    };
    try {
      control.admit(asked, (caller) => noteCaller(request, caller));
    } catch (error) {
      if (isCodedError(error, "unauthenticated")) {
        const told = request.headers.authorization === undefined ? "" : ', error="invalid_token"';
        reply.header("www-authenticate", `Bearer realm="understudy"${told}`);
      }
      if (isCodedError(error, "rate-limited")) {
        reply.header("retry-after", String(error.details["retryAfterSeconds"]));
      }
      throw error;
    }
  });
  server.addHook("preHandler", async (request) => {
    const caller = callerOf(request);
    if (caller.databases === null) return;
    for (const database of databasesNamedBy(request)) requireDatabase(caller, database);
  });
  server.addHook("onResponse", async (request, reply) => {
    if (accessFor(request, hasOpenMetrics)?.isAudited === true) audit(request, reply.statusCode);
  });
}

function accessFor({ method, routeOptions }: FastifyRequest, hasOpenMetrics: boolean): RouteAccess | null {
  const { url = "" } = routeOptions;
  const access = accessOf(method, url);
  return access && hasOpenMetrics && url === "/metrics" ? { ...access, rights: "open" } : access;
}

/** `POST /query`. */
function whatOf({ method, routeOptions }: FastifyRequest): string {
  return `${method} ${routeOptions.url ?? ""}`;
}
