import { checkServerForBinlog } from "@understudy/binlog";
import { EventHistory } from "@understudy/health-monitor";
import {
  backoffMs,
  BackgroundLoop,
  DeadlinePassed,
  messageOf,
  randomToken,
  systemClock,
  systemRandom,
  withDeadline,
  type Logger,
} from "@understudy/kernel";
import { errorCodeOf, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import { openSqlExecutor, parseDatabaseUrl } from "@understudy/sql-executor";
import { isIP, type AddressInfo } from "node:net";
import { openAccess } from "./access/open-access.ts";
import { nodeUrl, type NodeConfig } from "./config/node-config.ts";
import { Admission } from "./http/admission.ts";
import { createServer, type HttpServer } from "./http/create-server.ts";
import { JobBoard } from "./jobs/job-board.ts";
import { noteJobEnd } from "./jobs/note-job-end.ts";
import { NodeMetrics } from "./metrics/node-metrics.ts";
import { nodeIdOf } from "./node-identity.ts";
import type { NodeRuntime, RunningNode } from "./node-runtime.ts";
import type { NodeServices } from "./node-services.ts";
import { createPeerClients } from "./peers/peer-clients.ts";
import { removeOldLogins } from "./rejoin/copy-programs.ts";
import { addRoutes } from "./routes/add-routes.ts";
import { beginRole, type BegunNode } from "./supervisor/begin-role.ts";
import { handOverBeforeStop } from "./supervisor/hand-over-before-stop.ts";
import { RoleHolder } from "./supervisor/role-holder.ts";
import { NodeTls } from "./tls/node-tls.ts";
import { watchServedCertificates } from "./tls/served-certificates.ts";
import { traceStatements } from "./tracing/trace-statements.ts";
import { VERSION } from "./version.ts";

/** A node that listens. */
export interface UnderstudyNode extends AsyncDisposable {
  readonly nodeId: string;
  /** Where it listens. */
  readonly url: string;
  /** Rejects when the node can't go on: a configuration or a database server that will not do. Never resolves. */
  readonly failed: Promise<never>;
}

/** Start-up failures that waiting does not cure. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  "cluster-mismatch",
  "config-invalid",
  "forbidden",
  "internal",
  "server-unsuitable",
]);

/** Of statements whose request names no time. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A change of roles is a matter of moments, unless the database server does not answer. */
const ROLE_WAIT_MS = 5000;
/** What a slave has under way when it stops gets so long. */
const REQUESTS_END_MS = 3000;
const BACKOFF = { baseMs: 200, maxMs: 3000 } as const;

/**
 * Opens a node: it listens at once (and answers `starting`), then takes its role as soon as its database server answers.
 * Rejects where it can't listen.
 */
export async function openNode(config: NodeConfig, logger: Logger): Promise<UnderstudyNode> {
  const nodeId = await nodeIdOf(config.dataDir, config.nodeId);
  const advertisedUrl = config.advertisedUrl ?? nodeUrl(config, advertisableHost(config.host), config.port);
  const clock = systemClock;
  const metrics = new NodeMetrics();
  metrics.measureProcess();
  const events = new EventHistory({ nodeId, clock });
  await using opening = new AsyncDisposableStack();
  const { access, nodeToken } = await openAccess({ config, clock, logger, events, opening });
  const tls = opening.use(new NodeTls({ config, advertisedUrl, clock, logger, events }));
  const services: NodeServices = {
    config,
    identity: { nodeId, advertisedUrl, version: VERSION, instance: randomToken(9) },
    clock,
    random: systemRandom,
    logger,
    events,
    admission: new Admission(config),
    access,
    tls,
    peers: createPeerClients(nodeId, { token: nodeToken.get, tls: tls.forPeers }),
    metrics,
    jobs: new JobBoard(nodeId, clock, (ended) => noteJobEnd({ metrics, logger, events }, ended)),
  };
  const node = opening.use(new Node(services));
  const server = await createServer(node);
  addRoutes(server, node);
  await listen(server, config);
  return new ListeningNode(node, server, { services, owned: opening.move() });
}

/** Listening everywhere is nothing that others could call. */
function advertisableHost(host: string): string {
  if (isIP(host) !== 0 && /^(0\.0\.0\.0|::)$/.test(host)) return "127.0.0.1";
  return host;
}

async function listen(server: HttpServer, config: NodeConfig): Promise<void> {
  const { host, port } = config;
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    const reason = taken ? "the port is in use; choose another with UNDERSTUDY_PORT" : messageOf(error);
    throw new UnderstudyError("config-invalid", `can't listen on ${nodeUrl(config, host, port)}: ${reason}`);
  }
}

/** The node behind its HTTP side: waits for its database, then holds its role. */
class Node implements NodeRuntime, AsyncDisposable {
  readonly services: NodeServices;
  readonly #startedMs: number;
  readonly #failure = Promise.withResolvers<never>();
  readonly #opening: BackgroundLoop;
  readonly #holder: RoleHolder;
  #begun: BegunNode | null = null;

  constructor(services: NodeServices) {
    this.services = services;
    this.#startedMs = services.clock.monotonicMs();
    this.#holder = new RoleHolder(services.identity.nodeId, services.clock, (role) =>
      services.metrics.count("understudy_role_changes_total", { role }),
    );
    this.#failure.promise.catch(() => undefined);
    this.#opening = new BackgroundLoop(
      (signal) => this.#open(signal),
      (error) => {
        if (error !== undefined) this.#failure.reject(error);
      },
    );
  }

  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  running(): RunningNode {
    const role = this.#holder.current();
    if (this.#begun) return { ...this.#begun, role };
    throw new UnderstudyError("starting", `${this.services.identity.nodeId} is starting`);
  }

  current(): RunningNode | null {
    const { role } = this.#holder;
    return role && this.#begun && { ...this.#begun, role };
  }

  async settled(signal: AbortSignal): Promise<RunningNode> {
    // a node that has just started is not waited for: load balancers should take another one
    const role = this.#holder.role ?? (this.#begun && (await this.#holder.settled(ROLE_WAIT_MS, signal)));
    return role && this.#begun ? { ...this.#begun, role } : this.running();
  }

  uptimeSeconds(): number {
    return Math.round((this.services.clock.monotonicMs() - this.#startedMs) / 1000);
  }

  async #open(signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.services;
    for (let attempt = 0; ; attempt++) {
      try {
        this.#begun = await this.#openOnce(signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        const code = errorCodeOf(error);
        if (FATAL.has(code)) throw error;
        this.#holder.clear(messageOf(error));
        logger.warn({ event: "start-waits", code }, messageOf(error));
      }
      await clock.sleep(backoffMs(attempt, BACKOFF, random), signal);
    }
  }

  async #openOnce(signal: AbortSignal): Promise<BegunNode> {
    const { services } = this;
    const { config, logger, clock, events } = services;
    const endpoint = parseDatabaseUrl(config.databaseUrl.reveal());
    await removeOldLogins(config);
    await using opening = new AsyncDisposableStack();
    const executor = opening.use(
      await openSqlExecutor({
        endpoint,
        clock,
        logger,
        signal,
        around: traceStatements(),
        poolSizes: {
          reader: config.readerConnectionsMax,
          application: config.writerConnectionsMax,
          transaction: config.transactionsMax,
        },
        limits: {
          queueMax: config.waitingRequestsMax,
          statementTimeoutMs: Math.min(STATEMENT_TIMEOUT_MS, config.statementTimeoutMsMax),
        },
      }),
    );
    opening.use(watchServedCertificates({ ...services, executor }));
    const { warnings } = await executor.withAdmin((session) => checkServerForBinlog(session));
    for (const warning of warnings) logger.warn({ event: "server-warning" }, warning);
    const { brokenRule } = config;
    if (brokenRule !== null)
      logger.error(
        { event: "rule-broken" },
        `UNSAFE: this node does not keep the rule "${brokenRule}", and will lose confirmed writes`,
      );
    const begun = await beginRole(
      { ...services, executor, endpoint, serverWarnings: warnings },
      this.#holder,
      signal,
    );
    opening.move();
    const role = this.#holder.current();
    const what = `${executor.server.flavour} ${executor.server.version}`;
    events.record("started", `started as ${role.kind} with ${what}`);
    logger.info(
      { event: "role-taken", role: role.kind, epoch: role.epoch.toString() },
      `role taken, with ${what}`,
    );
    return begun;
  }

  /** Ends the role, then the database connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening[Symbol.asyncDispose]();
    const begun = this.#begun;
    await begun?.[Symbol.asyncDispose]();
    this.#holder.end();
    this.#begun = null;
    await begun?.executor[Symbol.asyncDispose]();
  }
}

class ListeningNode implements UnderstudyNode {
  readonly #node: Node;
  readonly #server: HttpServer;
  readonly #services: NodeServices;
  readonly #owned: AsyncDisposable;

  constructor(
    node: Node,
    server: HttpServer,
    { services, owned }: { readonly services: NodeServices; readonly owned: AsyncDisposable },
  ) {
    this.#node = node;
    this.#server = server;
    this.#services = services;
    this.#owned = owned;
  }

  get nodeId(): string {
    return this.#services.identity.nodeId;
  }

  get url(): string {
    const address = this.#server.server.address() as AddressInfo;
    return nodeUrl(this.#services.config, address.address, address.port);
  }

  get failed(): Promise<never> {
    return this.#node.failed;
  }

  /**
   * With elections a master hands its lead over first, while it still listens. Then a slave lets what it has under way end, for a moment,
   * since most of that is on its way to the master and back; any other role ends at once, so that nothing new begins.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await handOverBeforeStop(this.#node);
    const closing = this.#server.close();
    if (this.#node.current()?.role.kind === "slave") await this.#letRequestsEnd();
    await this.#node[Symbol.asyncDispose]();
    await closing;
    await this.#owned[Symbol.asyncDispose]();
  }

  async #letRequestsEnd(): Promise<void> {
    const { admission, clock } = this.#services;
    const never = new AbortController().signal;
    try {
      await withDeadline({ clock, ms: REQUESTS_END_MS, signal: never }, (signal) => admission.idle(signal));
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
    }
  }
}
