import { UnderstudyError } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";

const WITHOUT_EFFECT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses requests with an effect that a page of a foreign origin sends. The browser only keeps their answers from the page;
 * those that it sends without asking first would take effect. Throws `forbidden`.
 */
export function createOriginGuard(
  isAllowed: (origin: string) => boolean,
): (request: Pick<FastifyRequest, "method" | "headers">) => void {
  return ({ method, headers }) => {
    const { origin, host } = headers;
    if (origin === undefined || WITHOUT_EFFECT.has(method)) return;
    if (isAllowed(origin) || URL.parse(origin)?.host === host?.toLowerCase()) return;
    throw new UnderstudyError(
      "forbidden",
      `pages of ${JSON.stringify(origin.slice(0, 200))} may not change anything here; add the origin to UNDERSTUDY_CORS_ORIGINS where they may`,
    );
  };
}
