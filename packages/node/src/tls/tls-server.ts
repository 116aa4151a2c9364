import type { Socket } from "node:net";
import { createServer, type Server } from "node:https";
import { UnderstudyError } from "@understudy/protocol";
import type { FastifyServerFactory } from "fastify";
import { refuseConnection } from "../http/client-error-answer.ts";
import type { NodeTls } from "./node-tls.ts";

/** What {@link createTlsServerFactory} makes servers with. */
export interface TlsServerOptions {
  readonly tls: NodeTls;
  /** Whether clients are asked for a certificate; who must show one is decided for each request. */
  readonly asksForCertificates: boolean;
  readonly headersTimeoutMs: number;
}

/** A client that has connected says something, and agrees on TLS, within so long. */
const HELLO_MS = 10_000;
/** With what a TLS client begins: a handshake record. */
const HANDSHAKE = 0x16;

/**
 * Makes Fastify's servers for `https`. Their certificates follow their files, and a request in plain HTTP gets an answer that says what
 * is wrong. `endSilent` closes the connections that have said nothing yet.
 */
export function createTlsServerFactory({ tls, asksForCertificates, headersTimeoutMs }: TlsServerOptions): {
  readonly serverFactory: FastifyServerFactory;
  readonly endSilent: () => void;
} {
  const silent = new Set<Socket>();
  const serverFactory: FastifyServerFactory = (handler, options) => {
    const server = createServer(
      {
        ...tls.serverContext(),
        requestCert: asksForCertificates,
        rejectUnauthorized: false,
        handshakeTimeout: HELLO_MS,
        headersTimeout: headersTimeoutMs,
        keepAliveTimeout: Number(Reflect.get(options, "keepAliveTimeout")),
        // refused with a code instead
        requireHostHeader: false,
        requestTimeout: Number(Reflect.get(options, "requestTimeout")),
      },
      handler,
    );
    server.setTimeout(Number(Reflect.get(options, "connectionTimeout")));
    tls.attach(server);
    answerPlainRequests(server, silent);
    return server;
  };
  return {
    serverFactory,
    endSilent: () => {
      for (const socket of silent) socket.destroy();
    },
  };
}

/** Looks at each connection's first byte before TLS does. */
function answerPlainRequests(server: Server, silent: Set<Socket>): void {
  const secure = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    silent.add(socket);
    const giveUp = (): void => void socket.destroy();
    socket
      .setTimeout(HELLO_MS, giveUp)
      .on("error", giveUp)
      .once("close", () => silent.delete(socket));
    socket.once("readable", () => {
      silent.delete(socket);
      socket.off("timeout", giveUp).setTimeout(0);
      const first: unknown = socket.read(1);
      if (!(first instanceof Uint8Array)) {
        socket.destroy();
        return;
      }
      socket.unshift(first);
      if (first[0] === HANDSHAKE) for (const listener of secure) listener.call(server, socket);
      else
        refuseConnection(
          socket,
          new UnderstudyError("invalid-request", "this port speaks TLS: use https://"),
        );
    });
  });
}
