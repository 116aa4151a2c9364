import { randomToken } from "@understudy/kernel";
import { HEADERS, PROBLEM_MEDIA_TYPE, UnderstudyError } from "@understudy/protocol";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { problemOf } from "./problem-answer.ts";

/** How long a client may still send after it was told that this is no HTTP. */
const LINGER_MS = 2000;

/** Answers what could not be read as an HTTP request, and ends its connection. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  const isHandshake = socket instanceof TLSSocket && !isHttpError(error.code);
  if (error.code === "ECONNRESET" || isHandshake || !socket.writable) {
    socket.destroy();
    return;
  }
  refuseConnection(socket, refusalOf(error.code));
}

/** Answers a connection on which nothing can be read as a request, and ends it. */
export function refuseConnection(socket: Socket, refusal: UnderstudyError): void {
  const requestId = randomToken(9);
  const body = JSON.stringify(problemOf(refusal, { instance: "/", requestId }));
  const status = refusal.code === "too-large" ? "413 Content Too Large" : "400 Bad Request";
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n${HEADERS.requestId}: ${requestId}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // read on for a moment: a reset would take the answer from a client that still sends
  socket.resume();
  socket.setTimeout(LINGER_MS, () => socket.destroy());
}

/** Anything else that goes wrong on a TLS connection leaves nothing that could be answered. */
function isHttpError(code: string | undefined): boolean {
  return code !== undefined && (code.startsWith("HPE_") || code.startsWith("ERR_HTTP_"));
}

function refusalOf(code: string | undefined): UnderstudyError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new UnderstudyError(
        "too-large",
        "the request line and the headers are larger than this node accepts; long conditions fit into the body of POST /select",
      );
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new UnderstudyError("invalid-request", "the request's headers did not arrive in time");
    default:
      return new UnderstudyError("invalid-request", "this is not a well-formed HTTP request");
  }
}
