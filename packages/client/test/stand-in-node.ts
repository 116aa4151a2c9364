import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as a {@link StandInNode} got it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Number of the connection that it came over, from 1. */
  readonly connection: number;
}

/** What a test's node does with a request; it may also destroy `response.socket`, or never answer. */
export type Answerer = (request: SeenRequest, response: ServerResponse) => void;

/** A real HTTP server in the place of a node. */
export interface StandInNode extends AsyncDisposable {
  readonly url: string;
  readonly seen: SeenRequest[];
  /** Ends all connections that are open now. */
  cutConnections(): void;
}

/** Opens a server on a free port of the loopback. */
export async function openStandInNode(answer: Answerer): Promise<StandInNode> {
  const seen: SeenRequest[] = [];
  const connections = new Map<Socket, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const one: SeenRequest = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks),
        connection: connections.get(request.socket) ?? 0,
      };
      seen.push(one);
      answer(one, response);
    });
  });
  server.on("connection", (socket) => connections.set(socket, connections.size + 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    cutConnections: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Answers with JSON, or with a problem where the status is an error. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: object = {},
): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type, ...headers }).end(JSON.stringify(body));
}

/** A loopback URL where nothing listens. */
export async function closedUrl(): Promise<string> {
  const server = await openStandInNode(() => undefined);
  await server[Symbol.asyncDispose]();
  return server.url;
}
