import { randomUUID } from "node:crypto";
import { SPY } from "./spy-registration.ts";

/** A request of a route, which would do something if it were allowed to. */
export interface RouteRequest {
  /** Left out: the route's own path. */
  readonly path?: string;
  readonly body?: object;
  /** Of what is no JSON. */
  readonly type?: string;
}

/** How a route is called to see who may. */
export interface RouteCall {
  /** By the right that the caller has; `any` for the others. All of it names the database `shop`, where the route names one at all. */
  readonly requests: Readonly<Record<string, RouteRequest>>;
  /** What is sent where it is allowed and the other would harm the cluster: it gets past the check, and is refused for what it says. */
  readonly harmless?: RouteRequest;
  /** True where the request is about the database `shop`, so that a token for another one gets nothing. */
  readonly isOfShop?: boolean;
}

const T = { database: "shop", table: "matrix" } as const;
const WRITE = "INSERT IGNORE INTO shop.matrix VALUES (1, 'a')";
const DEFINITION = "CREATE TABLE IF NOT EXISTS shop.matrix_made (id INT PRIMARY KEY)";
const SELECT = "SELECT id, word FROM shop.matrix";
const NOBODY = { path: "/cluster/nodes/nobody" } as const;
const UNKNOWN = "20260101T120000.000Z-4";
const REGISTRATION = { ...SPY, url: "http://127.0.0.1:9", flavour: "mariadb" } as const;

const plain: RouteCall = { requests: { any: {} } };
const at = (path: string): RouteCall => ({ requests: { any: { path } } });
const post = (body: object): RouteCall => ({ requests: { any: { body } } });
const ofShop = (
  ...requests: readonly [any: RouteRequest, byRight?: Record<string, RouteRequest>]
): RouteCall => ({
  requests: { any: requests[0], ...requests[1] },
  isOfShop: true,
});
const transaction = (action: string, body?: object): RouteCall => ({
  requests: { any: { path: `/transactions/${randomUUID()}${action}`, ...(body ? { body } : {}) } },
});

/** A call for every route of a node, by the names that `ROUTE_ACCESS` has for them. `node2` is the slave. */
export const ROUTE_CALLS: Readonly<Record<string, RouteCall>> = {
  "GET /ping": plain,
  "GET /health/live": plain,
  "GET /health/ready": plain,
  "GET /health/master": plain,
  "GET /health/slave": plain,
  "GET /openapi.json": plain,
  "GET /docs": plain,
  "GET /docs/:file": at("/docs/swagger-ui.css"),
  "GET /metrics": plain,

  "POST /query": ofShop({ body: { sql: SELECT, database: "shop" } }),
  "POST /select": ofShop({ body: T }),
  "GET /select": ofShop({ path: "/select?database=shop&table=matrix" }),
  "GET /databases": plain,
  "GET /databases/:database": ofShop({ path: "/databases/shop" }),
  "GET /databases/:database/tables": ofShop({ path: "/databases/shop/tables" }),
  "GET /databases/:database/tables/:table": ofShop({ path: "/databases/shop/tables/matrix" }),
  // the database is named in the text alone, so that its server has to refuse it
  "POST /execute": ofShop({ body: { sql: WRITE } }, { ddl: { body: { sql: DEFINITION } } }),
  "POST /batch": ofShop(
    { body: { statements: [{ sql: WRITE }] } },
    { read: { body: { statements: [{ sql: SELECT }] } } },
  ),
  "POST /insert": ofShop({ body: { ...T, record: { id: 2, word: "b" } } }),
  // without a condition, since that is read
  "POST /update": ofShop({ body: { ...T, set: { word: "c" }, all: true } }),
  "POST /delete": ofShop({ body: { ...T, all: true } }),
  "POST /createdb": ofShop({ body: { name: "shop" } }),
  "POST /dropdb": {
    ...ofShop({ body: { name: "shop" } }),
    harmless: { body: { name: "shop", force: "is no field of it" } },
  },
  "POST /createtable": ofShop({ body: { ...T, table: "matrix_table", columns: "id INT PRIMARY KEY" } }),
  "POST /droptable": ofShop({ body: { ...T, table: "matrix_table" } }),
  "POST /transactions": ofShop({ body: { database: "shop", idleTimeoutMs: 1000 } }),
  "POST /transactions/:id/query": transaction("/query", { sql: SELECT }),
  "POST /transactions/:id/execute": transaction("/execute", { sql: WRITE }),
  "POST /transactions/:id/commit": transaction("/commit", {}),
  "POST /transactions/:id/rollback": transaction("/rollback"),
  "GET /transactions/:id": transaction(""),
  "POST /psdb.v1alpha1.Database/Execute": ofShop(
    { body: { query: WRITE } },
    { read: { body: { query: SELECT } }, ddl: { body: { query: DEFINITION } } },
  ),
  "POST /psdb.v1alpha1.Database/CreateSession": ofShop({ body: {} }),

  "GET /cluster": plain,
  "GET /cluster/events": plain,
  "GET /cluster/plan": plain,
  "GET /jobs": plain,
  "GET /jobs/:id": at("/jobs/node1:none-1"),
  "DELETE /jobs/:id": at("/jobs/node1:none-1"),
  "POST /cluster/switchover": { ...post({ to: "node2" }), harmless: { body: { to: "node1" } } },
  "POST /cluster/failover": {
    ...post({ acceptLoss: true }),
    harmless: { body: { to: "nobody", acceptLoss: false } },
  },
  "DELETE /cluster/nodes/:id": { ...at("/cluster/nodes/node2"), harmless: NOBODY },
  "POST /cluster/nodes/:id/pause": {
    ...at("/cluster/nodes/node2/pause"),
    harmless: { path: `${NOBODY.path}/pause` },
  },
  "POST /cluster/nodes/:id/resume": {
    ...at("/cluster/nodes/node2/resume"),
    harmless: { path: `${NOBODY.path}/resume` },
  },
  "POST /cluster/nodes/:id/rebuild": {
    ...at("/cluster/nodes/node2/rebuild"),
    harmless: { path: `${NOBODY.path}/rebuild` },
  },
  "GET /cluster/quarantine": plain,
  "GET /cluster/quarantine/:id": at(`/cluster/quarantine/${UNKNOWN}`),
  "GET /cluster/quarantine/:id/raw": at(`/cluster/quarantine/${UNKNOWN}/raw`),
  "GET /cluster/quarantine/:id/listing": at(`/cluster/quarantine/${UNKNOWN}/listing`),
  "POST /cluster/quarantine/:id/apply": {
    requests: { any: { path: `/cluster/quarantine/${UNKNOWN}/apply`, body: { mode: "apply" } } },
  },
  "POST /cluster/quarantine/:id/discard": {
    requests: { any: { path: `/cluster/quarantine/${UNKNOWN}/discard`, body: { reason: "x" } } },
  },
  "POST /cluster/quarantine/:id/report": {
    requests: { any: { path: `/cluster/quarantine/${UNKNOWN}/report`, body: {} } },
  },

  "GET /backup": plain,
  "POST /cluster/register": { ...post(REGISTRATION), harmless: { body: {} } },
  "POST /cluster/follows": {
    ...post({ leader: "spy", epoch: "99", promises: true }),
    harmless: { body: { leader: "node1", epoch: "0", promises: false } },
  },
  "POST /cluster/offer": {
    ...post({ offer: "kX3vPqf0aB1c", leader: "node1", epoch: "1", stands: true }),
    harmless: { body: { offer: "kX3vPqf0aB1c" } },
  },
  "GET /replicate/position": plain,
  "POST /replicate/transactions": {
    requests: { any: { body: {}, type: "application/vnd.understudy.binlog" } },
  },
  "GET /replicate/snapshot": {
    ...at("/replicate/snapshot?for=node2"),
    harmless: { path: "/replicate/snapshot?for=..%2Fnode2" },
  },
};
