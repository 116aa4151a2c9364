// HTTP itself: bodies, headers, paths and methods as clients, browsers and attackers send them.
import { describe, expect, it } from "vitest";
import { testFlavours } from "@understudy/database-server";
import { sql, type ClusterNode } from "../src/index.ts";
import { expectProblem, type Refusal } from "./expect-problem.ts";
import { exchangeBytes, rawRequest, sendText } from "./raw-request.ts";
import { watchMaster } from "./watch-master.ts";

const t = { database: "shop", table: "t" } as const;
const JSON_TYPE = { "content-type": "application/json" } as const;
const INSERT = JSON.stringify({ ...t, record: { a: "x" } });

for (const flavour of testFlavours()) {
  describe(`HTTP on ${flavour}`, () => {
    let master: ClusterNode;

    watchMaster(
      {
        flavour,
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

    describe("bodies", () => {
      it.each([
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "application/vnd.understudy.binlog",
        "nonsense",
        "/",
        "",
      ])("are refused as %j: a page could send some of them without asking first", async (type) => {
        const request = { path: "/insert", body: INSERT, headers: { "content-type": type } };
        expectProblem(await rawRequest(master, request), "400 invalid-request");
      });

      it("are refused without a type", async () => {
        expectProblem(await rawRequest(master, { path: "/insert", body: INSERT }), "400 invalid-request");
      });

      it.each(["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=utf-8"])(
        "are taken as %j",
        async (type) => {
          const body = JSON.stringify({ sql: "SELECT 'x' AS x" });
          const answer = await rawRequest(master, {
            path: "/query",
            body,
            headers: { "content-type": type },
          });
          expect(answer.body["rows"], answer.text).toEqual([{ x: "x" }]);
        },
      );

      it("may come in chunks and be large", async () => {
        const text = "ü".repeat(2_000_000);
        const body = JSON.stringify({ sql: "SELECT CHAR_LENGTH(?) AS n", params: [text] });
        const answer = await rawRequest(master, {
          path: "/query",
          body,
          headers: JSON_TYPE,
          chunked: true,
        });
        expect(answer.body["rows"], answer.text.slice(0, 500)).toMatchObject([
          { n: expect.toSatisfy((n) => Number(n) === 2_000_000) },
        ]);
      });

      it("are refused where their bytes are not UTF-8, since something else would be stored", async () => {
        const bytes = Buffer.concat([
          Buffer.from('{"database":"shop","table":"t","record":{"a":"'),
          Buffer.from([0xff, 0xc0]),
          Buffer.from('"}}'),
        ]);
        expect(expectProblem(await sendText(master, "/insert", bytes), "400 invalid-request")).toContain(
          "UTF-8",
        );
        expectProblem(
          await sendText(master, "/insert", Buffer.from(INSERT, "utf16le")),
          "400 invalid-request",
        );
      });

      it("are refused compressed", async () => {
        const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
        const body = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
        expectProblem(await rawRequest(master, { path: "/insert", body, headers }), "400 invalid-request");
      });

      it("that end early harm nobody", async () => {
        const { host } = new URL(master.url);
        const head = `POST /insert HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`;
        await expect(
          exchangeBytes(master, `${head}content-length: 500\r\n\r\n${INSERT}`, { halfClose: true }),
        ).resolves.not.toContain(" 201 ");
      });
    });

    describe("JSON that is odd", () => {
      it.each([
        ["__proto__ as a record", '{"database":"shop","table":"t","record":{"__proto__":{"a":"x"}}}'],
        ["__proto__ as a column", '{"database":"shop","table":"t","record":{"a":"x","__proto__":"y"}}'],
        ["__proto__ beside the fields", '{"database":"shop","table":"t","record":{"a":"x"},"__proto__":{}}'],
        ["__proto__ in escapes", '{"database":"shop","table":"t","record":{"a":"x","\\u005f_proto__":"y"}}'],
        [
          "constructor.prototype",
          '{"database":"shop","table":"t","record":{"constructor":{"prototype":{}}}}',
        ],
        ["a number beyond all", '{"database":"shop","table":"t","record":{"a":1e999}}'],
        ["a negative number beyond all", '{"database":"shop","table":"t","record":{"a":-1e999}}'],
        [
          "an integer that JSON would round",
          '{"database":"shop","table":"t","record":{"id":9007199254740993}}',
        ],
        ["half of a surrogate pair in a name", '{"database":"shop","table":"t\\ud800","record":{"a":"x"}}'],
        ["half of a surrogate pair in a column", '{"database":"shop","table":"t","record":{"\\udc00":"x"}}'],
        [
          "a thousand nested lists as a value",
          `{"database":"shop","table":"t","record":{"a":${nested("[", "]", 1000)}}}`,
        ],
        [
          "very deep lists as a value",
          `{"database":"shop","table":"t","record":{"a":${nested("[", "]", 200_000)}}}`,
        ],
        [
          "very deep objects as a record",
          `{"database":"shop","table":"t","record":${nested('{"a":', "}", 200_000)}}`,
        ],
        ["a very deep body", nested("[", "]", 1_000_000)],
        ["a deep body without end", "[".repeat(1_000_000)],
      ] as const)("is refused: %s", async (_title, text) => {
        expectProblem(await sendText(master, "/insert", text), "400 invalid-request");
      });

      it.each(["constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__", "prototype"])(
        "takes %s for a column's name like any other",
        async (name) => {
          const refusal = "400 unknown-column" satisfies Refusal;
          expectProblem(await master.post("/insert", { ...t, record: { [name]: "x" } }), refusal);
          expectProblem(await master.post("/update", { ...t, set: { [name]: "x" }, all: true }), refusal);
          expectProblem(await master.post("/delete", { ...t, where: { [name]: "x" } }), refusal);
          expectProblem(await master.post("/select", { ...t, where: { [name]: { $gt: 1 } } }), refusal);
          const answer = await master.post("/query", { sql: `SELECT :${name}`, params: {} });
          expectProblem(answer, "400 invalid-request");
        },
      );

      it("is refused in the where of GET /select as well", async () => {
        for (const where of ['{"__proto__":{"a":1}}', '{"a":1e999}', nested('{"a":', "}", 1000)]) {
          const path = `/select?database=shop&table=t&where=${encodeURIComponent(where)}`;
          const { status, body } = await rawRequest(master, { path });
          expect(status).toBe(400);
          expect(["invalid-request", "unknown-column"]).toContain(body["code"]);
        }
      });

      it("is refused as a value where text has half of a surrogate pair", async () => {
        expectProblem(await master.post("/insert", { ...t, record: { a: "x\ud800" } }), "422 invalid-value");
        expectProblem(await master.post("/select", { ...t, where: { a: "\udc00" } }), "422 invalid-value");
        const answer = await master.post("/query", { sql: "SELECT '\ud800'" });
        expectProblem(answer, "400 sql-syntax");
      });

      it("counts the last of two equal keys, as JSON.parse does", async () => {
        const answer = await sendText(master, "/query", `{"sql":"SELECT 'a' AS x","sql":"SELECT 'b' AS x"}`);
        expect(answer.body["rows"]).toEqual([{ x: "b" }]);
      });
    });

    describe("request line and headers", () => {
      it("are refused where they are too large", async () => {
        const big = "x".repeat(20_000);
        for (const request of [{ path: "/ping", headers: { "x-big": big } }, { path: `/ping?${big}` }]) {
          const answer = await rawRequest(master, request);
          expectProblem(answer, "413 too-large");
        }
      });

      it.each([
        ["no HTTP at all", "hello\r\n\r\n"],
        ["a method that is none", "FETCH /ping HTTP/1.1\r\nhost: localhost\r\n\r\n"],
        ["a header without a name", "GET /ping HTTP/1.1\r\nhost: localhost\r\n: x\r\n\r\n"],
        [
          "two lengths",
          "POST /insert HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        ],
        [
          "a length and chunks, as in request smuggling",
          "POST /insert HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ],
        ["a length that is none", "POST /insert HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n"],
        ["no host", "GET /ping HTTP/1.1\r\nconnection: close\r\n\r\n"],
        ["TLS", Buffer.from("16030100a5010000a1030312345678", "hex")],
      ])("are refused: %s", async (_title, bytes) => {
        const text = await exchangeBytes(master, bytes);
        expect(text).toMatch(/^HTTP\/1\.1 400 /);
        expect(text).toContain("application/problem+json");
        expect(text).toContain('"code":"invalid-request"');
      });

      it("may hold an expectation that the node does not know", async () => {
        expect((await rawRequest(master, { path: "/ping", headers: { expect: "tea" } })).status).toBe(200);
      });

      it.each(["my-id:1.2_3", "a".repeat(128), "00000000-0000-4000-8000-000000000000"])(
        "lend the request id %j",
        async (id) => {
          const headers = { "x-request-id": id };
          expect((await master.get("/ping", { headers })).headers["x-request-id"]).toBe(id);
          const refused = await master.get("/nothing", { headers });
          expectProblem(refused, "404 not-found");
          expect(refused.body["requestId"]).toBe(id);
        },
      );

      it.each(["", "a b", "a".repeat(129), "x,y", '"><script>', "{}", "é"])(
        "don't lend the request id %j: it could forge a log line or a header",
        async (id) => {
          const { headers } = await rawRequest(master, { path: "/ping", headers: { "x-request-id": id } });
          expect(headers["x-request-id"]).toMatch(/^[\w-]{8,40}$/);
        },
      );

      it("of every answer say who gave it", async () => {
        for (const answer of [
          await master.get("/ping"),
          await master.get("/nothing"),
          await master.get("/databases/%zz"),
          await master.post("/query", { sql: "SELECT 1" }),
          await master.post("/query", {}),
          await sendText(master, "/query", "{"),
        ]) {
          expect(answer.headers).toMatchObject({
            "x-understudy-node": master.nodeId,
            "x-understudy-role": "master",
            "x-understudy-epoch": "1",
            "x-understudy-lag-ms": "0",
          });
          expect(answer.headers["x-understudy-position"]).toMatch(/^1:./);
          expect(answer.headers["x-request-id"]).toMatch(/^[\w-]{8,40}$/);
        }
      });
    });

    describe("paths and methods", () => {
      it.each(["/databases/%zz", "/databases/%", "/databases/%c3%28", "/databases/shop/tables/%ff", "/%"])(
        "refuses the broken escape in %s",
        async (path) => {
          expectProblem(await rawRequest(master, { path }), "400 invalid-request");
        },
      );

      it.each([
        "/databases/%00",
        "/databases/a%2Fb",
        "/databases/..%2f..%2fetc%2fpasswd",
        "/databases/%F0%9F%8E%AD",
        "/databases/a%20b%60'%22",
        `/databases/${"n".repeat(400)}`,
        "/databases/shop/tables/t%00",
        "/../../etc/passwd",
        "/%2e%2e/etc/passwd",
        "//ping",
        "/PING",
        "/ping/",
        "/ping;x=1",
      ])("has no %s", async (path) => {
        expectProblem(await rawRequest(master, { path }), "404 not-found");
      });

      it("refuses a name in the path that is longer than any", async () => {
        const { status, body } = await rawRequest(master, { path: `/databases/${"n".repeat(5000)}` });
        expect(["404 not-found", "400 invalid-request"]).toContain(`${status} ${String(body["code"])}`);
      });

      it.each([
        ["GET", "/insert"],
        ["GET", "/createdb"],
        ["POST", "/ping"],
        ["POST", "/databases"],
        ["PUT", "/insert"],
        ["PATCH", "/update"],
        ["DELETE", "/delete"],
        ["DELETE", "/databases/shop"],
        ["TRACE", "/ping"],
        ["OPTIONS", "/nothing"],
      ])("has no %s %s", async (method, path) => {
        expectProblem(await rawRequest(master, { method, path }), "404 not-found");
      });

      it.each([
        "/ping",
        "/health/live",
        "/health/ready",
        "/health/master",
        "/cluster",
        "/metrics",
        "/databases",
      ])("answers HEAD %s like GET but for the body: probes ask so", async (path) => {
        const answer = await rawRequest(master, { method: "HEAD", path });
        expect(answer).toMatchObject({ status: 200, text: "" });
        expect(answer.headers["x-understudy-node"]).toBe(master.nodeId);
      });

      it("tells by HEAD as well what it is not", async () => {
        expect(await rawRequest(master, { method: "HEAD", path: "/health/slave" })).toMatchObject({
          status: 503,
          text: "",
        });
        expect((await rawRequest(master, { method: "HEAD", path: "/nothing" })).status).toBe(404);
        const stream = { method: "HEAD", path: "/cluster/events", headers: { accept: "text/event-stream" } };
        expect([200, 404]).toContain((await rawRequest(master, stream)).status);
      });

      it.each([
        ["/health/ready?maxLagMs=many", "400 invalid-request"],
        ["/health/ready?maxLagMs=-1", "400 invalid-request"],
        ["/health/slave", "503 no-leader"],
        ["/cluster/events?limit=0", "400 invalid-request"],
        ["/cluster/events?after=x", "400 invalid-request"],
        ["/cluster/events?colour=red", "400 invalid-request"],
      ] as const)("refuses GET %s: %s", async (path, refusal) => {
        expectProblem(await master.get(path), refusal);
      });

      it.each([
        ["POST", "/cluster/nodes/nobody/pause"],
        ["POST", "/cluster/nodes/nobody/resume"],
        ["DELETE", "/cluster/nodes/nobody"],
        ["POST", "/cluster/nodes/__proto__/pause"],
      ])("knows no member for %s %s", async (method, path) => {
        expectProblem(await rawRequest(master, { method, path }), "404 not-found");
      });
    });

    it("goes on with the next request of a connection after a refused one", async () => {
      const { host } = new URL(master.url);
      const post = (path: string, body: string, more = ""): string =>
        `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;
      const text = await exchangeBytes(
        master,
        post("/nothing", INSERT) +
          post("/insert", INSERT, "origin: https://evil.example\r\n") +
          post("/query", `{"sql":"SELECT 'seven' AS x"}`, "connection: close\r\n"),
      );
      expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 403", "HTTP/1.1 200"]);
      expect(text).toContain('"rows":[{"x":"seven"}]');
    });
  });
}

function nested(open: string, close: string, depth: number): string {
  return open.repeat(depth) + (open === "[" ? "" : "1") + close.repeat(depth);
}
