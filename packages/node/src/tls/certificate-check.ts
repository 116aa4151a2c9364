import { UnderstudyError } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";
import { TLSSocket } from "node:tls";
import type { NodeConfig } from "../config/node-config.ts";

/** What only nodes ask of each other. */
const NODE_ROUTES: ReadonlySet<string> = new Set([
  "/cluster/follows",
  "/cluster/offer",
  "/cluster/quarantine/:id/raw",
  "/cluster/quarantine/:id/report",
  "/cluster/register",
  "/replicate/position",
  "/replicate/snapshot",
  "/replicate/transactions",
]);

/** What orchestrators and load balancers ask, which have no certificates. */
const HEALTH = /^\/health\//;

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it, or its authority's, has expired",
  CERT_NOT_YET_VALID: "it is not valid yet; are the clocks right?",
  INVALID_PURPOSE: "it may not be used by a client: its extended key usage lacks clientAuth",
};

/**
 * Refuses requests that need a client certificate and have none, or one that no authority of `UNDERSTUDY_TLS_CA_FILE` has signed.
 * Throws `forbidden` with the reason.
 */
export function createCertificateCheck(
  wanted: NodeConfig["tlsClientAuth"],
): (request: Pick<FastifyRequest, "raw" | "routeOptions">) => void {
  return ({ raw, routeOptions }) => {
    const route = routeOptions.url;
    const isNeeded =
      wanted === "all"
        ? !HEALTH.test(route ?? "")
        : wanted === "nodes" && route !== undefined && NODE_ROUTES.has(route);
    if (!isNeeded) return;
    const { socket } = raw;
    if (socket instanceof TLSSocket && socket.authorized) return;
    const whom = wanted === "all" ? "clients" : "other nodes";
    throw new UnderstudyError(
      "forbidden",
      `this node asks ${whom} for a client certificate of an authority that it knows (UNDERSTUDY_TLS_CLIENT_AUTH), but ${lackOf(socket)}`,
    );
  };
}

function lackOf(socket: unknown): string {
  if (!(socket instanceof TLSSocket) || Object.keys(socket.getPeerCertificate()).length === 0) {
    return "none was shown";
  }
  const error: unknown = socket.authorizationError;
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return `the one that was shown is not accepted: ${REASONS[code] ?? "it is signed by another authority"}`;
}
