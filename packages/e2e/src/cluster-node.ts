import { request, type Agent } from "undici";
import type { DatabaseServer } from "@understudy/database-server";
import type { NodeAddress, SandboxNode } from "@understudy/sandbox";
import { objectOf } from "./object-of.ts";

const REQUEST_TIMEOUT_MS = 30_000;

/** What a node answered, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The JSON object of the answer; empty where it is none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** How a request is sent. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 30 s; the request is rejected after it. */
  readonly timeoutMs?: number;
}

/** A node of a test's cluster. */
export class ClusterNode {
  readonly nodeId: string;
  /** Its database server, which can be killed and held still as well. */
  readonly database: DatabaseServer;
  readonly #node: SandboxNode;
  readonly #agent: Agent;
  readonly #proxyUrl: string | null;

  /** Requests go to `proxyUrl` where it is given, else to the node itself. */
  constructor(node: SandboxNode, agent: Agent, proxyUrl: string | null) {
    this.nodeId = node.nodeId;
    this.#proxyUrl = proxyUrl;
    this.database = node.database;
    this.#node = node;
    this.#agent = agent;
  }

  /** Where requests go. */
  get url(): string {
    return this.#proxyUrl ?? this.#node.url;
  }

  /** Process id of the node; null while it does not run. */
  get pid(): number | null {
    return this.#node.process.pid;
  }

  /** Path of the node's log (pino JSON lines). */
  get logFile(): string {
    return this.#node.process.logFile;
  }

  /** POSTs JSON. Any status is an answer; only a broken connection or a timeout rejects. */
  async post(path: string, body: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.#send("POST", path, { ...options, body });
  }

  /** GETs; the path may hold a query string. */
  async get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.#send("GET", path, options);
  }

  /** DELETEs. */
  async delete(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.#send("DELETE", path, options);
  }

  /** `kill -9` of the node's process; its database server goes on. */
  async killHard(): Promise<void> {
    await this.#node.process.killHard();
  }

  /** Starts the node's process again and resolves when it lives; it takes its role a moment later (`cluster.waitUntilReplicating`). */
  async start(): Promise<void> {
    await this.#node.process.start();
  }

  /** From its next start on the node has another address; not for clusters with proxies. */
  moveTo(address: NodeAddress): void {
    this.#node.process.moveTo(address);
  }

  /** Stops the node's process in order; throws where it does not end with code 0. */
  async stop(): Promise<void> {
    const exit = await this.#node.process.stop();
    if (exit === null || exit.code === 0) return;
    throw new Error(
      `${this.nodeId} did not stop in order (code ${exit.code}, signal ${exit.signal}): ${await this.#node.process.lastWords()}`,
    );
  }

  /** SIGSTOP to the node's process: it holds still, but its connections stay open. Resolves when it does. */
  async freeze(): Promise<void> {
    await this.#node.process.freeze();
  }

  /** Ends a {@link freeze}. */
  thaw(): void {
    this.#node.process.thaw();
  }

  async #send(
    method: "GET" | "POST" | "DELETE",
    path: string,
    options: RequestOptions & { readonly body?: unknown },
  ): Promise<Answer> {
    const { statusCode, headers, body } = await request(`${this.url}${path}`, {
      dispatcher: this.#agent,
      method,
      headers: {
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: AbortSignal.timeout(options.timeoutMs ?? REQUEST_TIMEOUT_MS),
    });
    const text = await body.text();
    return { status: statusCode, headers, body: objectOf(text), text };
  }
}
