import cors from "@fastify/cors";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { messageOf } from "@understudy/kernel";
import { BINLOG_MEDIA_TYPE, HEADERS, UnderstudyError } from "@understudy/protocol";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  type RawServerDefault,
} from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import { logRequests } from "../logging/log-requests.ts";
import type { NodeRuntime } from "../node-runtime.ts";
import { addAccess } from "../access/add-access.ts";
import { auditCall } from "../access/audit.ts";
import { addRequestSpans } from "../tracing/request-span.ts";
import { addAdmission } from "./add-admission.ts";
import { setAnswerHeaders } from "./answer-headers.ts";
import { answerClientError } from "./client-error-answer.ts";
import { closeConnectionsAtEnd } from "./close-connections.ts";
import { createOriginCheck } from "./cors-origins.ts";
import { createHostCheck } from "./host-check.ts";
import { closeIdleConnections } from "./idle-connections.ts";
import { jsonTextOf, refuseInexactIntegers } from "./json-body.ts";
import { createOriginGuard } from "./origin-guard.ts";
import { problemAnswer } from "./problem-answer.ts";
import { requestIdOf } from "./request-id.ts";
import { limitRequests } from "./request-limits.ts";
import { requestValidator } from "./request-validator.ts";
import { createCertificateCheck } from "../tls/certificate-check.ts";
import { createTlsServerFactory } from "../tls/tls-server.ts";
import { stoppingSignal } from "./stopping-signal.ts";

/** A Fastify instance whose handlers are typed by their TypeBox schemas. */
export type HttpServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A connection on which nothing moves for so long, while no request of it is worked on, is closed. */
const IDLE_CONNECTION_MS = 120_000;
const HEADERS_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 75_000;

/** Makes the HTTP side of a node, without routes. */
export async function createServer(runtime: NodeRuntime): Promise<HttpServer> {
  const { config, logger, admission, tls } = runtime.services;
  const secure =
    config.tlsCertFile === undefined
      ? null
      : createTlsServerFactory({
          tls,
          asksForCertificates: config.tlsClientAuth !== "none",
          headersTimeoutMs: HEADERS_TIMEOUT_MS,
        });
  const server = fastify({
    bodyLimit: config.bodyLimitBytes,
    genReqId: requestIdOf,
    logger: false,
    connectionTimeout: IDLE_CONNECTION_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // statements and deliveries may rightly take long; what idles is ended by the connection's own timeout
    requestTimeout: 0,
    ...(secure
      ? { serverFactory: secure.serverFactory }
      : { http: { headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false } }),
    forceCloseConnections: "idle",
    // its own answer has none of our codes: a hook refuses instead
    return503OnClosing: false,
    routerOptions: { maxParamLength: 512 },
    exposeHeadRoutes: true,
    clientErrorHandler: answerClientError,
    // a path that can't be decoded never reaches a hook
    frameworkErrors: (error, _request, reply) => {
      setAnswerHeaders(reply, runtime);
      problemAnswer(error, reply, logger).catch((failure: unknown) => {
        logger.error({ event: "answer-failed" }, messageOf(failure));
        reply.raw.destroy();
      });
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  server.setErrorHandler(async (error, _request, reply) => problemAnswer(error, reply, logger));
  server.setNotFoundHandler((request) => {
    throw new UnderstudyError(
      "not-found",
      `there is no ${request.method} ${request.url.split("?")[0] ?? ""}`,
    );
  });
  server.setValidatorCompiler(requestValidator);
  limitRequests(server, config);
  refuseByOwnWords(server);
  addJsonParser(server);
  server.addContentTypeParser(BINLOG_MEDIA_TYPE, (_request, payload, done) => done(null, payload));
  await addGuards(server, runtime);
  closeIdleConnections(server, IDLE_CONNECTION_MS);
  closeConnectionsAtEnd(server);
  if (secure) server.addHook("preClose", async () => secure.endSilent());
  addAdmission(server, admission, config.connectionsMax);
  return server;
}

/** What a request has to pass before its body is read, and what notes it. */
async function addGuards(server: HttpServer, runtime: NodeRuntime): Promise<void> {
  const { config, identity, logger, access } = runtime.services;
  const isAllowed = createOriginCheck(config.corsOrigins);
  const guardOrigin = createOriginGuard(isAllowed);
  // a page that reaches the node under another name has no token to send
  const checkHost = access.asksForTokens
    ? () => undefined
    : createHostCheck({ ...config, advertisedUrl: identity.advertisedUrl });
  const checkCertificate = createCertificateCheck(config.tlsClientAuth);
  const stopping = stoppingSignal(server);
  logRequests(server, runtime);
  addRequestSpans(server, runtime);
  server.addHook("onRequest", async (request, reply) => {
    setAnswerHeaders(reply, runtime);
    reply.header("x-content-type-options", "nosniff");
    if (stopping.aborted) {
      reply.header("connection", "close");
      throw stopping.reason;
    }
    requireHost(request);
    checkHost(request.headers.host);
    checkCertificate(request);
    guardOrigin(request);
  });
  await server.register(cors, {
    origin: (origin, done) => done(null, isAllowed(origin)),
    methods: ["GET", "POST", "DELETE"],
    exposedHeaders: [...Object.values(HEADERS), "retry-after"],
    maxAge: 600,
  });
  addAccess(server, {
    control: access,
    hasOpenMetrics: config.openMetrics,
    audit: (request, status) => auditCall(logger, request, status),
  });
}

/** Of HTTP/1.1 alone (RFC 9112, 3.2). Throws `invalid-request`. */
function requireHost({ raw }: Pick<FastifyRequest, "raw">): void {
  if (raw.headers.host !== undefined || raw.httpVersion !== "1.1") return;
  throw new UnderstudyError("invalid-request", "the request lacks the header Host");
}

/** What Node would refuse with an empty answer gets a code. */
function refuseByOwnWords({ server }: Pick<HttpServer, "server">): void {
  // an expectation that is not met may be overlooked (RFC 9110, 10.1.1)
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
}

/** Fastify's own parser, which refuses keys that reach for prototypes, behind checks that no other text is stored than was sent. */
function addJsonParser(server: Pick<HttpServer, "addContentTypeParser" | "getDefaultJsonParser">): void {
  const parse = server.getDefaultJsonParser("error", "error");
  server.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const fail = (error: unknown): void =>
      done(error instanceof Error ? error : new Error(String(error)), undefined);
    try {
      const text = jsonTextOf(body);
      refuseInexactIntegers(text);
      Promise.resolve(parse(request, text, done)).catch(fail);
    } catch (error) {
      fail(error);
    }
  });
}
