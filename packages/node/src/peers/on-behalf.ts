import type { FastifyRequest } from "fastify";

/** What goes along when a node asks another on a client's behalf: the client's own authorization, so that its rights count there too. */
export function onBehalfOf({ headers }: Pick<FastifyRequest, "headers">): Record<string, string> {
  const { authorization } = headers;
  return authorization === undefined ? {} : { authorization };
}
