// What browsers send: calls of pages from allowed and foreign origins, under true and false host names, and event streams.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { sql, type Answer, type ClusterNode } from "../src/index.ts";
import { expectProblem } from "./expect-problem.ts";
import { rawRequest } from "./raw-request.ts";
import { watchMaster } from "./watch-master.ts";

const t = { database: "shop", table: "t" } as const;
const JSON_TYPE = { "content-type": "application/json" } as const;
const FOREIGN = "https://evil.example";
const INSERT = JSON.stringify({ ...t, record: { a: "x" } });

for (const flavour of testFlavours()) {
  describe(`browsers on ${flavour}`, () => {
    let master: ClusterNode;

    watchMaster(
      {
        flavour,
        environment: {
          UNDERSTUDY_CORS_ORIGINS: "loopback,https://app.example",
          UNDERSTUDY_ALLOWED_HOSTS: "node.example",
        },
        prepare: async (node) => {
          await using connection = await sql(node);
          await connection.query("CREATE DATABASE shop");
          await connection.query("CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(20))");
        },
      },
      (watched) => {
        master = watched.master;
      },
    );

    describe("pages in browsers", () => {
      const preflight = (origin: string): Promise<Answer> =>
        rawRequest(master, {
          method: "OPTIONS",
          path: "/insert",
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
          },
        });

      it.each(["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5173", "https://app.example"])(
        "of %s may call",
        async (origin) => {
          const asked = await preflight(origin);
          expect(asked.status).toBe(204);
          expect(asked.headers).toMatchObject({ "access-control-allow-origin": origin });
          expect(asked.headers["access-control-allow-methods"]).toContain("POST");
          expect(asked.headers["access-control-allow-headers"]).toContain("content-type");
          const answer = await master.post("/query", { sql: "SELECT 1" }, { headers: { origin } });
          expect(answer.status).toBe(200);
          expect(answer.headers).toMatchObject({ "access-control-allow-origin": origin });
          expect(answer.headers["access-control-expose-headers"]).toContain("x-understudy-position");
          const refused = await master.post("/query", {}, { headers: { origin } });
          expectProblem(refused, "400 invalid-request");
          expect(refused.headers["access-control-allow-origin"], "errors have to be readable too").toBe(
            origin,
          );
        },
      );

      it.each([
        FOREIGN,
        "null",
        "http://localhost.evil.example",
        "https://app.example.evil.example",
        "https://localhost:3000",
        "http://app.example",
        "file://",
        "nonsense",
      ])("of %s may not: neither read an answer nor change anything", async (origin) => {
        const asked = await preflight(origin);
        expect(asked.headers["access-control-allow-origin"]).toBeUndefined();
        const read = await master.get("/databases", { headers: { origin } });
        expect(read.headers["access-control-allow-origin"]).toBeUndefined();
        const headers = { origin };
        expectProblem(
          await master.post("/insert", { ...t, record: { a: "x" } }, { headers }),
          "403 forbidden",
        );
        // without a body the browser would not even ask first
        const pause = { method: "POST", path: "/cluster/nodes/nobody/pause", headers };
        expectProblem(await rawRequest(master, pause), "403 forbidden");
      });

      it("of the node itself may change things", async () => {
        const headers = { origin: "http://node.example:8083", host: "node.example:8083", ...JSON_TYPE };
        const body = JSON.stringify({ sql: "SELECT 1" });
        expect((await rawRequest(master, { path: "/query", body, headers })).status).toBe(200);
      });

      it.each([
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:8083",
        "127.1.2.3",
        "[::1]:8083",
        "node.example",
        "Node.Example:80",
      ])("may call the node %s", async (host) => {
        expect((await rawRequest(master, { path: "/ping", headers: { host } })).status).toBe(200);
      });

      it.each([
        "evil.example",
        "evil.example:8083",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "evil.example#localhost",
        "xlocalhost",
        "a b",
        "[::2]",
        "10.0.0.1",
      ])("may not call the node %j (DNS rebinding)", async (host) => {
        expectProblem(await rawRequest(master, { path: "/databases", headers: { host } }), "403 forbidden");
        const body = INSERT;
        const headers = { host, ...JSON_TYPE };
        expectProblem(await rawRequest(master, { path: "/insert", body, headers }), "403 forbidden");
      });
    });

    it("follows the events of the cluster as a stream, from where the client left off", async () => {
      const { events } = (await master.get("/cluster/events")).body as {
        events: { id: number; message: string }[];
      };
      const [first] = events;
      expect(first?.message).toContain("started as master");
      for (const [headers, path] of [
        [{}, "/cluster/events"],
        [{ "last-event-id": "0" }, "/cluster/events?after=99"],
        [{ "last-event-id": "garbage" }, "/cluster/events"],
      ] as const) {
        const leave = new AbortController();
        const answer = await fetch(`${master.url}${path}`, {
          headers: { accept: "text/event-stream", origin: "http://localhost:3000", ...headers },
          signal: leave.signal,
        });
        expect(answer.headers.get("content-type")).toBe("text/event-stream");
        expect(answer.headers.get("x-understudy-node")).toBe(master.nodeId);
        expect(answer.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
        const text = await readUntil(
          answer,
          `id: ${first?.id}
`,
        );
        leave.abort();
        expect(text).toContain(`data: ${JSON.stringify(first)}\n\n`);
      }
    });
  });
}

/** Reads a stream until it holds `wanted` and the event around it is whole. */
async function readUntil(answer: Response, wanted: string): Promise<string> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes(wanted) || !text.endsWith("\n\n")) {
    const read = await reader?.read();
    if (read === undefined || read.done) throw new Error(`the stream ended: ${text}`);
    text += read.value;
  }
  return text;
}
