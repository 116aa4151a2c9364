import { anySignal, isRecord, parseJson, withDeadline, type Clock, type Logger } from "@understudy/kernel";
import { isUnderstudyError, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import type { EndpointRota, Effect } from "./endpoint-rota.ts";
import type { EtcdEndpoint, GatewayStream } from "./etcd-endpoint.ts";
import { EtcdFailure, type EtcdFailureKind } from "./etcd-failure.ts";
import type { EtcdLogin } from "./etcd-login.ts";
import { etcdRefusal, notEtcd } from "./etcd-refusal.ts";
import { MalformedAnswer } from "./gateway-json.ts";

/** One call of the gateway. */
export interface GatewayRequest<T> {
  readonly path: string;
  readonly body: object;
  readonly effect: Effect;
  /** Throws `MalformedAnswer` for what etcd does not answer. */
  readonly read: (answer: unknown) => T;
  /** What it means that the lease is over; without it, it is an error. */
  readonly leaseGone?: T;
}

/** A stream, and the member that it comes from. */
export interface OpenGatewayStream extends GatewayStream {
  readonly url: string;
  /** Its connection failed, or etcd said on it that it can't serve: others come first for a while. */
  readonly noteFailure: (failure: EtcdFailure) => void;
}

interface GatewayDeps {
  readonly endpoints: readonly EtcdEndpoint[];
  readonly rota: EndpointRota;
  readonly login: EtcdLogin | null;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one try needs. */
interface Try {
  readonly endpoint: EtcdEndpoint;
  readonly ms: number;
  readonly signal: AbortSignal;
}

interface EndpointFailure {
  readonly url: string;
  readonly failure: EtcdFailure;
}

/**
 * Calls of etcd's JSON gateway over all endpoints, each call within one deadline. A call goes on to the next endpoint where it surely
 * had no effect, or may be repeated; each endpoint is tried once.
 */
export class EtcdGateway implements AsyncDisposable {
  readonly #deps: GatewayDeps;
  readonly #closing = new AbortController();

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
  }

  /** Aborts when the gateway is disposed. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Throws `coordination-unavailable`, `forbidden` where etcd refuses the user, `invalid-request` where it refuses the request, and
   * the signal's reason.
   */
  async call<T>(request: GatewayRequest<T>, callSignal: AbortSignal): Promise<T> {
    const body = JSON.stringify(request.body);
    try {
      return await this.#overEndpoints(request.effect, callSignal, async (one) => {
        const answer = await this.#loggedIn(one, (token, signal) =>
          this.#post(one.endpoint, { path: request.path, body, token }, signal),
        );
        return readOrFail(request, answer);
      });
    } catch (error) {
      if (isLeaseGone(error) && "leaseGone" in request) return request.leaseGone;
      throw error;
    }
  }

  /** A stream's beginning; throws as `call` does. */
  async open(path: string, body: object, callSignal: AbortSignal): Promise<OpenGatewayStream> {
    const text = JSON.stringify(body);
    return this.#overEndpoints("repeatable", callSignal, async (one, index) => {
      const stream = await this.#loggedIn(one, (token, signal) =>
        one.endpoint.open({ path, body: text, token }, signal),
      );
      const noteFailure = (failure: EtcdFailure): void => this.#noteFailure(index, failure);
      return { ...stream, url: one.endpoint.url, noteFailure };
    });
  }

  /** The next stream logs in anew, since etcd may refuse a token without saying so. */
  forgetToken(): void {
    this.#deps.login?.forget();
  }

  async #overEndpoints<T>(
    effect: Effect,
    callSignal: AbortSignal,
    attempt: (one: Try, index: number) => Promise<T>,
  ): Promise<T> {
    const { endpoints, rota, clock, requestTimeoutMs } = this.#deps;
    const deadlineMs = clock.monotonicMs() + requestTimeoutMs;
    const signal = anySignal(callSignal, this.closed);
    const tried = new Set<number>();
    const failures: EndpointFailure[] = [];
    for (;;) {
      callSignal.throwIfAborted();
      if (this.closed.aborted) throw closedError();
      const index = rota.next(effect, tried);
      const endpoint = index === undefined ? undefined : endpoints[index];
      const leftMs = deadlineMs - clock.monotonicMs();
      if (index === undefined || endpoint === undefined || leftMs <= 0) throw inWords(failures);
      tried.add(index);
      // what may be repeated leaves time for another endpoint
      const isLast = effect === "once" || tried.size === endpoints.length;
      try {
        const answer = await attempt({ endpoint, ms: isLast ? leftMs : leftMs / 2, signal }, index);
        this.#noteAnswer(index);
        return answer;
      } catch (error) {
        if (!(error instanceof EtcdFailure)) throw this.closed.aborted ? closedError() : error;
        failures.push({ url: endpoint.url, failure: error });
        this.#noteFailure(index, error);
        const mayGoOn = error.kind === "unreachable" && (effect === "repeatable" || error.isUndone);
        if (!mayGoOn) throw inWords(failures);
      }
    }
  }

  /** Runs a try with a token, and once more with a new one where etcd does not know it any more. */
  async #loggedIn<T>(
    { endpoint, ms, signal }: Try,
    run: (token: string | null, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { clock, login } = this.#deps;
    return withDeadline({ clock, ms, signal }, async (bounded) => {
      if (!login) return run(null, bounded).catch(wantsLogin);
      const token = await login.token(endpoint, bounded);
      try {
        return await run(token, bounded);
      } catch (error) {
        if (!(error instanceof EtcdFailure) || !isForLackOfToken(error, token)) throw error;
        login.forget(token);
      }
      return run(await login.token(endpoint, bounded), bounded);
    });
  }

  async #post(
    endpoint: EtcdEndpoint,
    post: { readonly path: string; readonly body: string; readonly token: string | null },
    signal: AbortSignal,
  ): Promise<unknown> {
    const answer = await endpoint.post(post, signal);
    const json = parseJson(answer.text);
    if (!isRecord(json)) throw notEtcd(answer.status, answer.text);
    const refusal = etcdRefusal(json);
    if (refusal) throw refusal;
    if (answer.status !== 200) throw notEtcd(answer.status, answer.text);
    return json;
  }

  #noteAnswer(index: number): void {
    const { endpoints, rota, logger } = this.#deps;
    if (!rota.noteAnswer(index)) return;
    const url = endpoints[index]?.url;
    logger.info({ event: "etcd-endpoint-back", url }, `etcd at ${url} answers again`);
  }

  #noteFailure(index: number, failure: EtcdFailure): void {
    const { endpoints, rota, logger } = this.#deps;
    if (failure.kind !== "unreachable" || !rota.noteFailure(index)) return;
    const url = endpoints[index]?.url;
    logger.warn({ event: "etcd-endpoint-failed", url, err: failure }, `etcd at ${url} ${failure.message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("the etcd store is closed", "AbortError"));
    this.#deps.login?.[Symbol.dispose]();
    await Promise.all(this.#deps.endpoints.map((endpoint) => endpoint.destroy()));
  }
}

function readOrFail<T>(request: GatewayRequest<T>, answer: unknown): T {
  try {
    return request.read(answer);
  } catch (error) {
    if (!(error instanceof MalformedAnswer)) throw error;
    throw notEtcd(200, JSON.stringify(answer));
  }
}

/** Where no user is configured, no token can help. */
function wantsLogin(error: unknown): never {
  if (!(error instanceof EtcdFailure) || error.kind !== "token") throw error;
  const text = `${error.message}: its authentication is on, give a user name and password`;
  throw new EtcdFailure(text, { kind: "login", isUndone: true, cause: error });
}

/**
 * Authentication may have been turned on since it was found to be off. A member whose own certificate has a CommonName takes that for the
 * user of a call without a token, and does not say that it wants one.
 */
function isForLackOfToken({ kind }: EtcdFailure, token: string | null): boolean {
  return kind === "token" || (kind === "permission" && token === null);
}

function isLeaseGone(error: unknown): boolean {
  return isUnderstudyError(error) && error.cause instanceof EtcdFailure && error.cause.kind === "lease-gone";
}

const CODES = {
  unreachable: "coordination-unavailable",
  token: "coordination-unavailable",
  "auth-off": "coordination-unavailable",
  login: "forbidden",
  permission: "forbidden",
  rejected: "invalid-request",
  "lease-gone": "invalid-request",
} as const satisfies Record<EtcdFailureKind, ErrorCode>;

function inWords(failures: readonly EndpointFailure[]): UnderstudyError {
  const last = failures.at(-1);
  if (!last) return new UnderstudyError("coordination-unavailable", "etcd could not be asked in time");
  const text = failures.map(({ url, failure }) => `etcd at ${url} ${failure.message}`).join("; ");
  const details = { isUndone: failures.every(({ failure }) => failure.isUndone) };
  return new UnderstudyError(CODES[last.failure.kind], text, { details, cause: last.failure });
}

function closedError(): UnderstudyError {
  return new UnderstudyError("coordination-unavailable", "the etcd store is closed");
}
