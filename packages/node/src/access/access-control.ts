import type { Clock, Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { ANYONE, NOBODY, requireAnyRight, type Caller } from "./caller.ts";
import type { NodeToken } from "./node-token.ts";
import { presentedToken } from "./presented-token.ts";
import { RateLimits } from "./rate-limits.ts";
import type { RouteAccess } from "./route-access.ts";
import type { TokenStore } from "./token-store.ts";

/** What is known of a request before its body. */
export interface AskedAccess {
  /** Null for a route that is not listed. */
  readonly access: RouteAccess | null;
  /** `POST /query`, for words. */
  readonly what: string;
  readonly authorization: string | undefined;
  readonly address: string;
}

/** What an {@link AccessControl} is made of. */
export interface AccessControlOptions {
  /** Null where the node asks for no token. */
  readonly tokens: TokenStore | null;
  /** The node's own, for others; null where it has none. */
  readonly nodeToken: Pick<NodeToken, "warnings"> | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Decides who a request comes from and whether that one may call its route at all. */
export class AccessControl {
  readonly #options: AccessControlOptions;
  readonly #limits = new RateLimits();

  constructor(options: AccessControlOptions) {
    this.#options = options;
  }

  /** True where a token is asked for. */
  get asksForTokens(): boolean {
    return this.#options.tokens !== null;
  }

  /** What a person should know, each in one sentence. */
  warnings(): string[] {
    const { tokens, nodeToken } = this.#options;
    return [...(tokens?.warnings() ?? []), ...(nodeToken?.warnings() ?? [])];
  }

  /**
   * Throws `unauthenticated`, `forbidden`, and `rate-limited`. `note` is told who it is as soon as that is known, also where that one is
   * then refused something.
   */
  admit(asked: AskedAccess, note: (caller: Caller) => void): void {
    const { tokens, clock } = this.#options;
    const { access, what } = asked;
    if (tokens === null || access?.rights === "open") return note(tokens === null ? ANYONE : NOBODY);
    const token = this.#authenticate(tokens, asked);
    note(token);
    this.#limits.countRequest(token, clock.monotonicMs());
    if (access === null) throw new UnderstudyError("forbidden", `no token is for ${what}`);
    requireAnyRight(token, access.rights, what);
    if (token.databases !== null && access.bound === "none") {
      throw new UnderstudyError(
        "forbidden",
        `the token ${JSON.stringify(token.name)} is bound to databases, and ${what} is about more than those`,
      );
    }
  }

  #authenticate(tokens: TokenStore, { authorization, address, what }: AskedAccess) {
    const { clock, logger } = this.#options;
    const text = presentedToken(authorization);
    const token = text === null ? null : tokens.find(text);
    if (token && (token.expiresMs === null || token.expiresMs > clock.nowMs())) return token;
    const reason = token
      ? `the token ${JSON.stringify(token.name)} has expired`
      : text === null
        ? "the request brings no token; send it as Authorization: Bearer …"
        : "this node does not know the token";
    this.#limits.countFailure(address, clock.monotonicMs());
    logger.warn({ event: "unauthenticated", address, request: what }, reason);
    throw new UnderstudyError("unauthenticated", reason);
  }
}
