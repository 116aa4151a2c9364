import type { HttpServer } from "../http/create-server.ts";

/** A route as it was registered, with the schemas that validate its requests. */
export interface CollectedRoute {
  /** `POST /databases/:database`. */
  readonly key: string;
  readonly method: string;
  /** As Fastify writes it: `/databases/:database`. */
  readonly path: string;
  readonly body: object | undefined;
  readonly querystring: object | undefined;
  readonly params: object | undefined;
}

/** Notes every route that is added to the server from now on. `HEAD`, which each `GET` brings along, is none of its own. */
export function collectRoutes(server: Pick<HttpServer, "addHook">): readonly CollectedRoute[] {
  const routes: CollectedRoute[] = [];
  server.addHook("onRoute", ({ method, url, schema }) => {
    for (const name of [method].flat()) {
      if (name === "HEAD" || name === "OPTIONS") continue;
      routes.push({
        key: `${name} ${url}`,
        method: name,
        path: url,
        body: schemaOf(schema?.body),
        querystring: schemaOf(schema?.querystring),
        params: schemaOf(schema?.params),
      });
    }
  });
  return routes;
}

function schemaOf(value: unknown): object | undefined {
  return typeof value === "object" && value !== null ? value : undefined;
}
