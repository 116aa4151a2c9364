import { UnderstudyError } from "@understudy/protocol";
import type { FastifyRequest } from "fastify";
import { RIGHT_NAMES, type Right } from "./rights.ts";

/** Who a request comes from, and what that one may do. */
export interface Caller {
  /** The token's name; null where the node asks for no token. */
  readonly name: string | null;
  readonly rights: ReadonlySet<Right>;
  /** The databases that it is confined to; null for all. */
  readonly databases: readonly string[] | null;
}

/** Everyone, on a node that asks for no token: whoever reaches it may do everything. */
export const ANYONE: Caller = { name: null, rights: new Set(RIGHT_NAMES), databases: null };

/** One without a token, on a node that asks for them: what is open to all is all it gets. */
export const NOBODY: Caller = { name: null, rights: new Set(), databases: null };

const callers = new WeakMap<FastifyRequest, Caller>();

/** Keeps who a request comes from. Once for each, before its route runs. */
export function noteCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Who a request comes from. Nobody where that was never found out, so that a route past the check can do nothing. */
export function callerOf(request: FastifyRequest): Caller {
  return callers.get(request) ?? NOBODY;
}

/** Throws `forbidden` where none of these rights is the caller's. */
export function requireAnyRight(caller: Caller, rights: readonly Right[], what: string): void {
  if (rights.some((right) => caller.rights.has(right))) return;
  throw new UnderstudyError(
    "forbidden",
    `${nameOf(caller)} lacks the right ${rights.join(" or ")}, which ${what} needs`,
    {
      details: { lacks: rights },
    },
  );
}

/** Throws `forbidden` for a database that the caller is not confined to. */
export function requireDatabase(caller: Caller, database: string): void {
  if (caller.databases === null || caller.databases.includes(database)) return;
  throw new UnderstudyError(
    "forbidden",
    `${nameOf(caller)} is not for the database ${JSON.stringify(database)}`,
    { details: { database } },
  );
}

/** `the token "app"`. */
function nameOf({ name }: Caller): string {
  return name === null ? "a request without a token" : `the token ${JSON.stringify(name)}`;
}
