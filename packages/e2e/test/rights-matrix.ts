// Every route × every right × no token, a wrong one, an expired one, one of another database, from the table that docs/security.md shows.
import { ROUTE_ACCESS } from "@understudy/node";
import { expect } from "vitest";
import type { Answer, Cluster, ClusterNode } from "../src/index.ts";
import { serverPosition } from "../src/server-position.ts";
import { rawRequest } from "./raw-request.ts";
import { ROUTE_CALLS, type RouteRequest } from "./route-requests.ts";

/** Who asks, and what the table says that one may. */
export interface Asker {
  /** Null for a request that brings none. */
  readonly secret: string | null;
  /** Empty for one that is not known, or not any more. */
  readonly rights: readonly string[];
  /** The database that the token is bound to. */
  readonly database?: string;
}

interface Trial {
  readonly node: ClusterNode;
  readonly route: string;
  readonly who: string;
  readonly asker: Asker;
}

const AT_A_TIME = 8;

/**
 * Holds every route of every node against its line of the table. Where it has to be refused it is asked for what would harm, and the
 * data, the members and the jobs are the same after it; where it is allowed, whatever becomes of it is no refusal.
 */
export async function expectRights(cluster: Cluster, askers: Readonly<Record<string, Asker>>): Promise<void> {
  expect(Object.keys(ROUTE_CALLS).toSorted()).toEqual(Object.keys(ROUTE_ACCESS).toSorted());
  const trials: Trial[] = cluster.nodes.flatMap((node) =>
    Object.keys(ROUTE_CALLS).flatMap((route) =>
      Object.entries(askers).map(([who, asker]) => ({ node, route, who, asker })),
    ),
  );
  const before = await stateOf(cluster);
  const refused = trials.filter((trial) => refusalOf(trial) !== null);
  await inTurns(refused, async (trial, number) => {
    const answer = await ask(trial, number);
    expect({ ...nameOf(trial), ...outcomeOf(answer) }, answer.text.slice(0, 300)).toEqual({
      ...nameOf(trial),
      ...refusalOf(trial),
    });
  });
  expect(await stateOf(cluster)).toEqual(before);
  const allowed = trials.filter((trial) => refusalOf(trial) === null);
  await inTurns(allowed, async (trial, number) => {
    const answer = await ask(trial, number);
    const { status, code } = outcomeOf(answer);
    const told = `${JSON.stringify(nameOf(trial))}: ${answer.text.slice(0, 300)}`;
    expect([401, 403, 429, 500], told).not.toContain(status);
    expect(["unauthenticated", "forbidden"], told).not.toContain(code);
  });
}

/** What the table says; null where it is allowed. */
function refusalOf({ route, asker }: Trial): { readonly status: number; readonly code: string } | null {
  const access = ROUTE_ACCESS[route];
  if (!access) throw new Error(`${route} is not in the table`);
  const { rights, bound } = access;
  if (rights === "open") return null;
  if (asker.rights.length === 0) return { status: 401, code: "unauthenticated" };
  const isOthers = asker.database !== "shop" && ROUTE_CALLS[route]?.isOfShop === true;
  const isBeyond = asker.database !== undefined && (bound === "none" || (bound === "own" && isOthers));
  const hasRight = asker.rights.some((right) => rights.some((wanted) => wanted === right));
  return hasRight && !isBeyond ? null : { status: 403, code: "forbidden" };
}

async function ask(trial: Trial, number: number): Promise<Answer> {
  const { node, route, asker } = trial;
  const [method = "", ownPath = ""] = route.split(" ");
  const { path = ownPath, body, type = "application/json" } = requestOf(trial);
  return rawRequest(node, {
    method,
    path,
    headers: {
      ...authorizationOf(route, asker),
      ...(body === undefined ? {} : { "content-type": type }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // an address that sends many wrong tokens is slowed down
    localAddress: `127.7.${number >> 8}.${number & 0xff || 1}`,
  });
}

function requestOf({ route, asker, ...trial }: Trial): RouteRequest {
  const call = ROUTE_CALLS[route];
  const { requests = {}, harmless } = call ?? {};
  if (harmless && refusalOf({ route, asker, ...trial }) === null) return harmless;
  const [only] = asker.rights;
  return (
    (asker.rights.length === 1 && only !== undefined ? requests[only] : undefined) ?? requests["any"] ?? {}
  );
}

/** PlanetScale's drivers name the database as their user. */
function authorizationOf(route: string, { secret }: Asker): { readonly authorization?: string } {
  if (secret === null) return {};
  if (!route.includes("/psdb.")) return { authorization: `Bearer ${secret}` };
  return { authorization: `Basic ${Buffer.from(`shop:${secret}`).toString("base64")}` };
}

function outcomeOf({ status, body }: Answer): { readonly status: number; readonly code: unknown } {
  const { code, error } = body;
  return { status, code: code ?? (Object(error) as { reason?: unknown }).reason };
}

function nameOf({ node, route, who }: Trial): object {
  return { node: node.nodeId, route, who };
}

/** What must not change. */
async function stateOf(cluster: Cluster): Promise<object> {
  const positions = await Promise.all(cluster.nodes.map((node) => serverPosition(cluster.flavour, node)));
  return { positions, checksums: await cluster.checksums(), leader: await cluster.waitUntilReplicating() };
}

/** A few at a time, in their order. */
async function inTurns<T>(
  list: readonly T[],
  task: (item: T, number: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let number = next++; number < list.length; number = next++) {
      const item = list[number];
      if (item !== undefined) await task(item, number);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}
