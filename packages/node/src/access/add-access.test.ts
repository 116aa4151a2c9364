import { silentLogger, systemClock } from "@understudy/kernel";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createServer } from "../http/create-server.ts";
import { OPERATIONS } from "../openapi/operations/all-operations.ts";
import { addRoutes } from "../routes/add-routes.ts";
import { startingNode } from "../starting-node.ts";
import { AccessControl } from "./access-control.ts";
import { RIGHT_NAMES, type Right } from "./rights.ts";
import { ROUTE_ACCESS } from "./route-access.ts";
import { newToken, tokenDigest } from "./token-secret.ts";
import { TokenStore } from "./token-store.ts";

interface Token {
  readonly name: string;
  readonly rights: readonly Right[];
  readonly databases?: readonly string[];
  readonly expires?: string;
  readonly requestsPerSecond?: number;
}

/** The HTTP side of a node that asks for tokens; its routes answer `starting` once they are reached. */
class Guarded implements AsyncDisposable {
  readonly #url: string;
  readonly #secrets: ReadonlyMap<string, string>;
  readonly lines: string[];
  readonly #stack: AsyncDisposableStack;

  constructor(
    url: string,
    secrets: ReadonlyMap<string, string>,
    lines: string[],
    stack: AsyncDisposableStack,
  ) {
    this.#url = url;
    this.#secrets = secrets;
    this.lines = lines;
    this.#stack = stack;
  }

  static async open(tokens: readonly Token[], environment: Record<string, string> = {}): Promise<Guarded> {
    await using opening = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "understudy-access-"));
    opening.defer(() => rm(folder, { recursive: true }));
    const secrets = new Map(tokens.map(({ name }) => [name, newToken()]));
    const path = join(folder, "tokens.json");
    const entries = tokens.map((token) => ({
      ...token,
      sha256: tokenDigest(secrets.get(token.name) ?? "").toString("hex"),
    }));
    await writeFile(path, JSON.stringify({ tokens: entries }), { mode: 0o600 });
    const store = opening.use(
      await TokenStore.open({ path, clock: systemClock, logger: silentLogger, onChange: () => undefined }),
    );
    const lines: string[] = [];
    const note = (fields: object, message: string): void =>
      void lines.push(JSON.stringify({ ...fields, message }));
    const logger = { debug: note, info: note, warn: note, error: note };
    const access = new AccessControl({ tokens: store, nodeToken: null, clock: systemClock, logger });
    const node = startingNode(environment, { access, logger });
    const server = await createServer(node);
    addRoutes(server, node);
    opening.defer(() => server.close());
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    return new Guarded(url, secrets, lines, opening.move());
  }

  secret(name: string): string {
    return this.#secrets.get(name) ?? "";
  }

  /** Asks a route of the table with its example; resolves with the status and the code. */
  async ask(route: string, authorization?: string) {
    const [method = "", path = ""] = route.split(" ");
    const { requests = {}, requestType = "application/json", parameters = {} } = OPERATIONS[route] ?? {};
    const [body] = route.includes("/psdb.") ? [{ query: "SELECT 1" }] : Object.values(requests);
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) {
      if (!path.includes(`:${name}`)) query.set(name, textOf(value));
    }
    const filled = path.replaceAll(/:(\w+)/g, (_, name: string) =>
      encodeURIComponent(textOf(parameters[name])),
    );
    const answer = await fetch(`${this.#url}${filled}${query.size === 0 ? "" : `?${query}`}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(method === "POST" ? { "content-type": requestType } : {}),
      },
      ...(method === "POST" ? { body: JSON.stringify(body ?? {}) } : {}),
    });
    const text = await answer.text();
    const isProblem = answer.status >= 400 && text.startsWith("{");
    const told = (isProblem ? JSON.parse(text) : {}) as {
      code?: string;
      detail?: string;
      error?: { reason: string };
    };
    const code = told.code ?? told.error?.reason ?? "";
    return { status: answer.status, code, detail: told.detail ?? "", headers: answer.headers };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "x");
}

/** The database of the examples. */
const MYDB = "mydb";
const ROUTES = Object.entries(ROUTE_ACCESS);
const DENIED = new Set(["unauthenticated", "forbidden", "rate-limited"]);

/** Of a route whose handler was reached: whatever it says, it is no refusal. */
const reached = (code: string): boolean => !DENIED.has(code);

test("each route is open to exactly the rights that the table names for it", async () => {
  await using node = await Guarded.open(RIGHT_NAMES.map((right) => ({ name: right, rights: [right] })));
  for (const [route, { rights }] of ROUTES) {
    const ask = async (right: Right) =>
      [right, await node.ask(route, `Bearer ${node.secret(right)}`)] as const;
    for (const [right, { code }] of await Promise.all(RIGHT_NAMES.map(ask))) {
      const isAllowed = rights === "open" || rights.includes(right);
      expect({ route, right, isAllowed: reached(code) }).toEqual({ route, right, isAllowed });
    }
  }
});

test("without a token, with a wrong one or an expired one only what is open answers", async () => {
  await using node = await Guarded.open([
    { name: "old", rights: RIGHT_NAMES, expires: "2001-01-01T00:00:00Z" },
  ]);
  const stranger = newToken();
  const senders = [undefined, `Bearer ${stranger}`, `Bearer ${node.secret("old")}`, "Bearer", "Digest x"];
  for (const [route, { rights }] of ROUTES) {
    const answers = await Promise.all(senders.map((authorization) => node.ask(route, authorization)));
    for (const { code, headers } of answers) {
      expect({ route, isOpen: reached(code) }).toEqual({ route, isOpen: rights === "open" });
      if (code === "unauthenticated")
        expect(headers.get("www-authenticate")).toMatch(/^Bearer realm="understudy"/);
      if (code === "rate-limited") expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
  }
  expect(node.lines.join("\n")).not.toContain(stranger);
  expect(node.lines.join("\n")).not.toContain(node.secret("old"));
});

test("a token that is bound to databases gets its own, what is of none, and nothing else", async () => {
  const rights = ["read", "write", "ddl"] as const;
  await using node = await Guarded.open([
    { name: "mine", rights, databases: ["crm", MYDB] },
    { name: "other", rights, databases: ["other"] },
  ]);
  for (const [route, access] of ROUTES) {
    const isAllowed = access.rights === "open" || access.rights.some((right) => RIGHTS_OF_DATA.has(right));
    const mine = await node.ask(route, `Bearer ${node.secret("mine")}`);
    expect({ route, code: reached(mine.code) }).toEqual({
      route,
      code: isAllowed && access.bound !== "none",
    });
    const other = await node.ask(route, `Bearer ${node.secret("other")}`);
    const isOthers = namesMydb(route);
    expect({ route, code: reached(other.code) }).toEqual({ route, code: reached(mine.code) && !isOthers });
    if (isOthers) expect(other.detail).toMatch(/the token "other" is not for the database "mydb"/);
  }
});

const RIGHTS_OF_DATA: ReadonlySet<Right> = new Set(["read", "write", "ddl"]);

/** What the example of the route says outside of SQL. */
function namesMydb(route: string): boolean {
  const { requests = {}, parameters = {} } = OPERATIONS[route] ?? {};
  const [body] = Object.values(requests);
  const { database, name } = Object(body) as { database?: string; name?: string };
  const isName = /^POST \/(createdb|dropdb)$/.test(route) && name === MYDB;
  return database === MYDB || isName || parameters["database"] === MYDB;
}

test("PlanetScale's drivers bring the token as their password, and the database as their user", async () => {
  await using node = await Guarded.open([{ name: "app", rights: ["read"], databases: ["shop"] }]);
  const basic = (user: string, password: string): string =>
    `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const route = "POST /psdb.v1alpha1.Database/Execute";
  expect(await node.ask(route, basic("shop", node.secret("app")))).toMatchObject({ code: "starting" });
  expect(await node.ask(route, basic("crm", node.secret("app")))).toMatchObject({
    status: 403,
    code: "forbidden",
  });
  expect(await node.ask(route, basic("shop", newToken()))).toMatchObject({
    status: 401,
    code: "unauthenticated",
  });
});

test("a token that sends more than its rate waits, and others don't", async () => {
  await using node = await Guarded.open([
    { name: "slow", rights: ["read"], requestsPerSecond: 0.001 },
    { name: "quick", rights: ["read"] },
  ]);
  await node.ask("POST /query", `Bearer ${node.secret("slow")}`);
  const refused = await node.ask("POST /query", `Bearer ${node.secret("slow")}`);
  expect(refused).toMatchObject({ status: 429, code: "rate-limited" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(900);
  expect(await node.ask("POST /query", `Bearer ${node.secret("quick")}`)).toMatchObject({ code: "starting" });
});

test("an address that tries wrong tokens is told to wait, while right ones from it go on", async () => {
  await using node = await Guarded.open([{ name: "app", rights: ["read"] }]);
  const codes: string[] = [];
  for (let tries = 0; tries < 60; tries++)
    codes.push((await node.ask("GET /cluster", `Bearer ${newToken()}`)).code);
  expect(codes[0]).toBe("unauthenticated");
  expect(codes).toContain("rate-limited");
  expect(await node.ask("GET /cluster", `Bearer ${node.secret("app")}`)).toMatchObject({ code: "starting" });
});

test("metrics are open where that is configured", async () => {
  await using node = await Guarded.open([], { UNDERSTUDY_OPEN_METRICS: "true" });
  expect(await node.ask("GET /metrics")).toMatchObject({ status: 200 });
});

test("changes of the cluster's shape are written down with who asked for them, done or refused", async () => {
  await using node = await Guarded.open([
    { name: "ops", rights: ["admin"] },
    { name: "app", rights: ["write"] },
  ]);
  await node.ask("DELETE /cluster/nodes/:id", `Bearer ${node.secret("ops")}`);
  await node.ask("DELETE /cluster/nodes/:id", `Bearer ${node.secret("app")}`);
  await node.ask("POST /cluster/failover");
  await node.ask("GET /cluster/events", `Bearer ${node.secret("ops")}`);
  const audits = node.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === "audit");
  expect(audits).toMatchObject([
    { action: "DELETE /cluster/nodes/:id", caller: "ops", status: 503, address: "127.0.0.1" },
    { action: "DELETE /cluster/nodes/:id", caller: "app", status: 403 },
    { action: "POST /cluster/failover", caller: null, status: 401 },
  ]);
  for (const { requestId } of audits) expect(requestId).toBeTypeOf("string");
});

test("every answer keeps browsers from guessing its type", async () => {
  await using node = await Guarded.open([]);
  for (const route of ["GET /ping", "GET /cluster", "GET /docs"]) {
    expect((await node.ask(route)).headers.get("x-content-type-options")).toBe("nosniff");
  }
});
