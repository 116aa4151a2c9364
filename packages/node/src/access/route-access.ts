import type { Right } from "./rights.ts";

/** Who may call a route, on a node that asks for tokens. */
export interface RouteAccess {
  /** One of these is enough. `open`: no token is needed. */
  readonly rights: readonly Right[] | "open";
  /**
   * What a token gets that is bound to databases. `own`: only what is of them, by the database server's own rights where SQL runs.
   * `same`: as any other, since nothing there is of a database. `none`: nothing.
   */
  readonly bound: "own" | "same" | "none";
  /** It changes the cluster's shape, or takes all of its data along: each call is written down, with who made it. */
  readonly isAudited?: boolean;
  /** What else there is to say, for docs/security.md. */
  readonly note?: string;
}

const OPEN: RouteAccess = { rights: "open", bound: "same" };
const READ: RouteAccess = { rights: ["read"], bound: "own" };
const WRITE: RouteAccess = { rights: ["write"], bound: "own" };
const DDL: RouteAccess = { rights: ["ddl"], bound: "own" };
const TRANSACTION: RouteAccess = { rights: ["read", "write"], bound: "own" };
const STATE: RouteAccess = { rights: ["read", "admin"], bound: "none" };
const WATCH: RouteAccess = { rights: ["read", "monitor", "admin"], bound: "none" };
const ADMIN: RouteAccess = { rights: ["admin"], bound: "none" };
const SHAPE: RouteAccess = { ...ADMIN, isAudited: true };
const NODES: RouteAccess = { rights: ["replicate"], bound: "none" };
/** For people, and for nodes that look for an entry on a person's behalf. */
const QUARANTINE: RouteAccess = { rights: ["admin", "replicate"], bound: "none" };

const EACH_STATEMENT =
  "each statement needs its own right: `read` for queries, `write` for changes, `ddl` for definitions";
const FOR_PROBES =
  "load balancers and orchestrators ask without a token; it tells the node's role and position, no data";
const THE_SAME_EVERYWHERE = "the same for every node of a version";
const PLANETSCALE = `the token is the password of the Basic authorization; ${EACH_STATEMENT}`;

/**
 * Every route of a node, by method and path, and who may call it. `HEAD` is as `GET`. A route that is not here is refused to
 * everyone, and a test holds that there is none.
 */
export const ROUTE_ACCESS: Readonly<Record<string, RouteAccess>> = {
  "GET /ping": { ...OPEN, note: FOR_PROBES },
  "GET /health/live": { ...OPEN, note: FOR_PROBES },
  "GET /health/ready": { ...OPEN, note: FOR_PROBES },
  "GET /health/master": { ...OPEN, note: FOR_PROBES },
  "GET /health/slave": { ...OPEN, note: FOR_PROBES },
  "GET /openapi.json": { ...OPEN, note: THE_SAME_EVERYWHERE },
  "GET /docs": { ...OPEN, note: THE_SAME_EVERYWHERE },
  "GET /docs/:file": { ...OPEN, note: THE_SAME_EVERYWHERE },
  "GET /metrics": { ...WATCH, note: "open with `UNDERSTUDY_OPEN_METRICS=true`" },

  "POST /query": { ...READ },
  "POST /select": READ,
  "GET /select": READ,
  "GET /databases": { ...READ, note: "a bound token is told only of its own" },
  "GET /databases/:database": READ,
  "GET /databases/:database/tables": READ,
  "GET /databases/:database/tables/:table": READ,
  "POST /execute": { rights: ["write", "ddl"], bound: "own", note: EACH_STATEMENT },
  "POST /batch": { ...TRANSACTION, note: EACH_STATEMENT },
  "POST /insert": { ...WRITE, note: "with `onDuplicate` the database server wants `read`, too" },
  "POST /update": { ...WRITE, note: "with a condition the database server wants `read`, too" },
  "POST /delete": { ...WRITE, note: "with a condition the database server wants `read`, too" },
  "POST /createdb": DDL,
  "POST /dropdb": DDL,
  "POST /createtable": DDL,
  "POST /droptable": DDL,
  "POST /transactions": { ...TRANSACTION, note: "the transaction is that token's alone" },
  "POST /transactions/:id/query": READ,
  "POST /transactions/:id/execute": WRITE,
  "POST /transactions/:id/commit": TRANSACTION,
  "POST /transactions/:id/rollback": TRANSACTION,
  "GET /transactions/:id": { ...TRANSACTION, note: "whether it was committed, to whoever has its id" },
  "POST /psdb.v1alpha1.Database/Execute": {
    rights: ["read", "write", "ddl"],
    bound: "own",
    note: PLANETSCALE,
  },
  "POST /psdb.v1alpha1.Database/CreateSession": {
    rights: ["read", "write", "ddl"],
    bound: "own",
    note: PLANETSCALE,
  },

  "GET /cluster": {
    rights: ["read", "write", "ddl", "monitor", "admin", "replicate"],
    bound: "same",
    note: "clients find the master by it; a bound token is told no warnings, which name tables",
  },
  "GET /cluster/events": WATCH,
  "GET /cluster/plan": STATE,
  "GET /jobs": STATE,
  "GET /jobs/:id": STATE,
  "DELETE /jobs/:id": SHAPE,
  "POST /cluster/switchover": SHAPE,
  "POST /cluster/failover": SHAPE,
  "DELETE /cluster/nodes/:id": SHAPE,
  "POST /cluster/nodes/:id/pause": SHAPE,
  "POST /cluster/nodes/:id/resume": SHAPE,
  "POST /cluster/nodes/:id/rebuild": SHAPE,
  "GET /cluster/quarantine": QUARANTINE,
  "GET /cluster/quarantine/:id": QUARANTINE,
  "GET /cluster/quarantine/:id/raw": {
    ...QUARANTINE,
    isAudited: true,
    note: "a whole copy is all data, with the accounts of people and their password hashes",
  },
  "GET /cluster/quarantine/:id/listing": ADMIN,
  "POST /cluster/quarantine/:id/apply": SHAPE,
  "POST /cluster/quarantine/:id/discard": SHAPE,
  "POST /cluster/quarantine/:id/report": NODES,

  "GET /backup": {
    ...SHAPE,
    note: "all data, with the accounts of people and their password hashes",
  },

  "POST /cluster/register": { ...NODES, isAudited: true },
  "POST /cluster/follows": NODES,
  "POST /cluster/offer": NODES,
  "GET /replicate/position": NODES,
  "POST /replicate/transactions": NODES,
  "GET /replicate/snapshot": NODES,
};

/** Who may call the route; null for one that is not listed. */
export function accessOf(method: string, path: string): RouteAccess | null {
  const key = `${method === "HEAD" ? "GET" : method} ${path}`;
  return Object.hasOwn(ROUTE_ACCESS, key) ? (ROUTE_ACCESS[key] ?? null) : null;
}
