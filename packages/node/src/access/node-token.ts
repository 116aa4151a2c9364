import { messageOf, type Clock, type Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { readFile } from "node:fs/promises";
import type { Redacted } from "../config/redacted.ts";
import { TOKEN_PATTERN } from "./token-secret.ts";
import { WatchedFile } from "./watched-file.ts";

/** What {@link NodeToken} needs. */
export interface NodeTokenOptions {
  /** As it was read at the start; null where the node has none. */
  readonly token: Redacted<string> | null;
  /** Where it is read again; null where it was given by itself. */
  readonly path: string | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The token by which this node proves to others that it belongs to the cluster; read again where its file changes. */
export class NodeToken implements AsyncDisposable {
  readonly #options: NodeTokenOptions;
  readonly #watched: WatchedFile | null;
  #token: string;
  #problem: string | null = null;

  /** Throws `config-invalid` for what can't be a token. */
  constructor(options: NodeTokenOptions) {
    this.#options = options;
    this.#token = checked(options.token?.reveal() ?? "");
    const { path, clock, logger } = options;
    this.#watched =
      path === null ? null : new WatchedFile({ path, clock, logger, look: () => this.#look(path) });
  }

  /** Empty where there is none. */
  readonly get = (): string => this.#token;

  /** What a person should know of its file. */
  warnings(): string[] {
    return this.#problem === null ? [] : [`the node's own token of before is still in use: ${this.#problem}`];
  }

  async #look(path: string): Promise<void> {
    const { logger } = this.#options;
    try {
      const token = checked((await readFile(path, "utf8")).trim());
      this.#problem = null;
      if (token === this.#token) return;
      this.#token = token;
      logger.info({ event: "node-token-changed" }, "the node's own token was read again");
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) logger.error({ event: "node-token-unreadable" }, problem);
      this.#problem = problem;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watched?.[Symbol.asyncDispose]();
  }
}

function checked(token: string): string {
  if (token === "" || TOKEN_PATTERN.test(token)) return token;
  throw new UnderstudyError("config-invalid", "UNDERSTUDY_NODE_TOKEN holds what can't be a token");
}
