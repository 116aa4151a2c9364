import { UnderstudyError } from "@understudy/protocol";
import { createReloadingConnector } from "@understudy/tls";
import { Client, Pool } from "undici";
import { exchange, type ExchangeRequest, type RawAnswer } from "./exchange.ts";
import { ExchangeFailure } from "./exchange-failure.ts";
import { openAnswer, type OpenAnswer } from "./open-answer.ts";
import type { CallOptions, NodeClientOptions, TokenSource } from "./node-client.ts";

/** What a lost answer means: nothing (`repeatable`), or that nobody knows what happened (`once`). */
export type Effect = "repeatable" | "once";

const DISPOSE_DEADLINE_MS = 2_000;

/** Kept-alive connections to one node, and the words for what can go wrong with them. */
export class NodeConnection implements AsyncDisposable {
  readonly url: string;
  readonly #pool: Pool;
  readonly #openFresh: () => Client;
  readonly #timeoutMs: number;
  readonly #answerBytesMax: number;
  readonly #headers: () => Readonly<Record<string, string>>;
  readonly #token: TokenSource | undefined;

  /** Throws `invalid-request` for a URL that is none, or has a path. */
  constructor(options: NodeClientOptions) {
    const origin = originOf(options.url);
    const bounds = {
      connect: createReloadingConnector({
        tls: options.tls,
        // a timeout of zero would switch the limit off
        timeoutMs: Math.max(1, options.connectTimeoutMs ?? 3_000),
      }),
      pipelining: 1,
      allowH2: false,
    };
    this.url = options.url;
    this.#pool = new Pool(origin, { ...bounds, connections: options.connectionsMax ?? 32 });
    this.#openFresh = () => new Client(origin, bounds);
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#answerBytesMax = options.answerBytesMax ?? 256 * 1024 * 1024;
    const userAgent = options.userAgent ?? "understudy-client";
    this.#headers = () => ({ "user-agent": userAgent, ...options.headers?.() });
    this.#token = options.token;
  }

  /** Sends a request with the client's own headers below the call's. Failures of the connection become codes by `effect`. */
  async send(request: ExchangeRequest, effect: Effect, options: CallOptions = {}): Promise<RawAnswer> {
    const headers = await this.#headersOf(request, options);
    try {
      return await this.#sendOrResend({ ...request, headers }, options);
    } catch (error) {
      throw error instanceof ExchangeFailure ? this.#inWords(error, effect) : error;
    }
  }

  /**
   * As {@link openApart}, for answers of status 2xx; another one is read whole and given to `refused`, which throws. `timeoutMs`
   * is for each wait.
   */
  async open(
    request: ExchangeRequest & { readonly body?: string | undefined },
    refused: (answer: RawAnswer) => never,
    options: CallOptions = {},
  ): Promise<OpenAnswer> {
    const answer = await this.openApart(request, options);
    if (answer.status >= 200 && answer.status <= 299) return answer;
    try {
      const body = await answer.collect(this.#answerBytesMax);
      return refused({ status: answer.status, headers: { ...answer.headers }, body });
    } catch (error) {
      throw answer.inWords(error);
    } finally {
      answer.close();
    }
  }

  /**
   * Sends a request that is safe to repeat over a connection of its own, so that a slow reader takes none of the others', and
   * resolves when its answer begins, whatever its status. `close` must be called in the end.
   */
  async openApart(
    request: ExchangeRequest & { readonly body?: string | undefined },
    options: CallOptions = {},
  ): Promise<OpenAnswer> {
    const headers = await this.#headersOf(request, options);
    const limits = { timeoutMs: options.timeoutMs ?? this.#timeoutMs, signal: options.signal };
    const inWords = (error: unknown): unknown =>
      error instanceof ExchangeFailure ? this.#inWords(error, "repeatable") : error;
    const client = this.#openFresh();
    const closeClient = (): void => void client.destroy().catch(() => undefined);
    try {
      const answer = await openAnswer(client, { ...request, headers }, limits);
      const close = (): void => {
        answer.close();
        closeClient();
      };
      return { ...answer, close, inWords };
    } catch (error) {
      closeClient();
      throw inWords(error);
    }
  }

  /** The client's own below the request's below the call's. An empty `authorization` stands for none, not for the client's. */
  async #headersOf(request: ExchangeRequest, options: CallOptions): Promise<Record<string, string>> {
    const { authorization: given, ...headers } = {
      ...lowerCased(request.headers),
      ...lowerCased(options.headers),
    };
    const own = this.#headers();
    const authorization = given ?? (await this.#ownAuthorization());
    return { ...own, ...headers, ...(authorization === "" ? {} : { authorization }) };
  }

  async #ownAuthorization(): Promise<string> {
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    return token === undefined || token === "" ? "" : `Bearer ${token}`;
  }

  async #sendOrResend(request: ExchangeRequest, options: CallOptions): Promise<RawAnswer> {
    const startMs = performance.now();
    const limits = {
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
      answerBytesMax: this.#answerBytesMax,
      signal: options.signal,
    };
    try {
      return await exchange(this.#pool, request, limits);
    } catch (error) {
      if (request.method !== "GET" || !isCutBeforeAnswer(error)) throw error;
    }
    // Most often a kept-alive socket that the node closed as we took it; a socket of its own can't be such a one.
    const fresh = this.#openFresh();
    const leftMs = Math.max(1, limits.timeoutMs - (performance.now() - startMs));
    try {
      return await exchange(fresh, request, { ...limits, timeoutMs: leftMs });
    } finally {
      await fresh.destroy();
    }
  }

  #inWords(failure: ExchangeFailure, effect: Effect): UnderstudyError {
    const text = `${this.url} ${failure.message}`;
    const sent = failure.stage !== "unsent";
    const options = { details: { sent, url: this.url }, cause: failure };
    if (failure.kind === "malformed") {
      return new UnderstudyError(sent ? "internal" : "invalid-request", text, options);
    }
    if (effect === "once" && sent) return new UnderstudyError("write-uncertain", text, options);
    return new UnderstudyError(
      failure.kind === "too-large" ? "too-many-rows" : "node-unreachable",
      text,
      options,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#pool.destroyed) return;
    const deadline = setTimeout(() => {
      this.#pool.destroy().catch(() => undefined);
    }, DISPOSE_DEADLINE_MS);
    try {
      await this.#pool.close();
    } catch {
      // Closed twice, or destroyed at the deadline: either way it is closed.
    } finally {
      clearTimeout(deadline);
    }
  }
}

function isCutBeforeAnswer(error: unknown): boolean {
  return error instanceof ExchangeFailure && error.kind === "connection" && error.stage === "sent";
}

function originOf(text: string): string {
  const url = URL.parse(text);
  const isPlain = url?.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  if (!url || !isPlain || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UnderstudyError(
      "invalid-request",
      `not a node's URL (http://host:port or https://host:port): ${text}`,
    );
  }
  return url.origin;
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
