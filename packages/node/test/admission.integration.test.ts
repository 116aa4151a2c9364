// Too much at a time, over real connections: what is refused, how quickly, and that every share is given back.
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServer, type HttpServer } from "../src/http/create-server.ts";
import type { NodeRuntime } from "../src/node-runtime.ts";
import { addRoutes } from "../src/routes/add-routes.ts";
import { startingNode } from "../src/starting-node.ts";

const LIMITS = {
  UNDERSTUDY_REQUESTS_MAX: "3",
  UNDERSTUDY_BODY_LIMIT_BYTES: "1000000",
  UNDERSTUDY_BODIES_BYTES_MAX: "1000000",
  UNDERSTUDY_CONNECTIONS_MAX: "4",
};
const OPEN_PATHS = ["/health/live", "/ping", "/metrics", "/cluster/events", "/openapi.json", "/docs"];

describe("admission", () => {
  let node: NodeRuntime;
  let server: HttpServer;
  let sockets: Socket[];
  let gate: PromiseWithResolvers<void>;

  beforeEach(async () => {
    node = startingNode(LIMITS);
    server = await createServer(node);
    gate = Promise.withResolvers<void>();
    // stands for a statement that takes its time
    server.post("/hold", async () => {
      await gate.promise;
      return { held: true };
    });
    addRoutes(server, node);
    await server.listen({ port: 0, host: "127.0.0.1" });
    sockets = [];
  });

  afterEach(async () => {
    gate.resolve();
    for (const socket of sockets) socket.destroy();
    const { admission } = node.services;
    await expect.poll(() => [admission.requests, admission.bodiesBytes]).toEqual([0, 0]);
    await server.close();
  });

  /** A connection of its own. */
  const open = async (): Promise<Socket> => {
    const { port } = server.server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.setEncoding("utf8").on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };
  const head = (line: string, headers: string): string =>
    `${line} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`;
  const json = (length: number): string => `content-type: application/json\r\ncontent-length: ${length}\r\n`;
  const get = async (path: string, socket?: Socket): Promise<string> => {
    const on = socket ?? (await open());
    on.write(head(`GET ${path}`, ""));
    const [text] = (await once(on, "data")) as [string];
    if (!socket) on.destroy();
    return text;
  };
  /** A request that is under way until the gate opens. */
  const hold = async (): Promise<Socket> => {
    const socket = await open();
    const before = node.services.admission.requests;
    socket.write(`${head("POST /hold", json(2))}{}`);
    await expect.poll(() => node.services.admission.requests).toBe(before + 1);
    return socket;
  };

  it("refuses requests beyond the limit at once, and answers what is no client's work", async () => {
    const held = [await hold(), await hold(), await hold()];
    const refused = await get("/databases");
    expect(refused).toMatch(/^HTTP\/1\.1 503 /);
    expect(refused).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(refused).toContain('"code":"overloaded"');
    expect(refused).toContain("UNDERSTUDY_REQUESTS_MAX");
    for (const path of OPEN_PATHS) expect(await get(path), path).toMatch(/^HTTP\/1\.1 200 /);
    expect(await get("/health/ready")).toContain('"code":"starting"');
    expect(node.services.admission.refused).toMatchObject({ requests: 1 });
    gate.resolve();
    for (const socket of held) expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 200 /);
    await expect.poll(() => node.services.admission.requests).toBe(0);
    expect(await get("/databases")).toContain('"code":"starting"');
  });

  it("gives back the share of a client that has gone", async () => {
    for (const socket of [await hold(), await hold(), await hold()]) socket.destroy();
    await expect.poll(() => node.services.admission.requests).toBe(0);
    expect(await get("/databases")).toContain('"code":"starting"');
  });

  it("counts the bytes of bodies as they arrive, and refuses the one that is too much", async () => {
    const first = await open();
    first.write(head("POST /hold", json(900_000)) + '"'.padEnd(600_000, "x"));
    await expect.poll(() => node.services.admission.bodiesBytes).toBe(600_000);
    const second = await open();
    second.write(head("POST /hold", json(500_000)) + '"'.padEnd(499_999, "x") + '"');
    expect(String(await once(second, "data"))).toMatch(/ 503 [^]*UNDERSTUDY_BODIES_BYTES_MAX/);
    expect(node.services.admission.refused).toMatchObject({ bodies: 1 });
    expect(node.services.admission.bodiesBytes).toBe(600_000);
    first.write("x".repeat(299_999) + '"');
    gate.resolve();
    expect(String(await once(first, "data"))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("does not take announced bytes for received ones", async () => {
    for (let count = 0; count < 3; count++) (await open()).write(head("POST /hold", json(999_999)));
    await expect.poll(() => node.services.admission.requests).toBe(3);
    expect(node.services.admission.bodiesBytes).toBe(0);
  });

  it("gives back the bytes of a body that breaks off", async () => {
    const socket = await open();
    socket.write(head("POST /hold", json(900_000)) + "x".repeat(700_000));
    await expect.poll(() => node.services.admission.bodiesBytes).toBe(700_000);
    socket.destroy();
    await expect.poll(() => node.services.admission.bodiesBytes).toBe(0);
  });

  it("holds nothing of a body that is refused for its type or its size", async () => {
    const socket = await open();
    const type = "content-type: text/html\r\ncontent-length: 900000\r\n";
    socket.write(head("POST /hold", type) + "x".repeat(900_000));
    expect(String(await once(socket, "data"))).toMatch(/ 400 [^]*must be JSON/);
    expect(node.services.admission.bodiesBytes).toBe(0);
    const chunked = await open();
    chunked.write(head("POST /hold", "content-type: application/json\r\ntransfer-encoding: chunked\r\n"));
    const chunk = `186a0\r\n${" ".repeat(100_000)}\r\n`;
    for (let count = 0; count < 12; count++) chunked.write(chunk);
    chunked.write("0\r\n\r\n");
    expect(String(await once(chunked, "data"))).toMatch(/ (413|503) /);
  });

  it("answers nothing of clients on connections beyond the limit, and closes them after each answer", async () => {
    const kept = [await open(), await open(), await open(), await open()];
    for (const socket of kept) expect(await get("/ping", socket)).toMatch(/connection: keep-alive/i);
    const refused = await get("/databases");
    expect(refused).toMatch(/^HTTP\/1\.1 503 /);
    expect(refused).toMatch(/connection: close/i);
    expect(refused).toContain("UNDERSTUDY_CONNECTIONS_MAX");
    const live = await get("/health/live");
    expect(live).toMatch(/^HTTP\/1\.1 200 /);
    expect(live).toMatch(/connection: close/i);
    expect(await get("/databases", kept[0])).toContain('"code":"starting"');
    kept[0]?.destroy();
    await expect.poll(async () => (await get("/databases")).includes('"code":"starting"')).toBe(true);
  });

  it("tells in the metrics what was refused", async () => {
    await Promise.all([hold(), hold(), hold()]).catch(() => undefined);
    await get("/databases");
    expect(await get("/metrics")).toContain('understudy_refused_total{reason="requests"} 1');
  });
});
