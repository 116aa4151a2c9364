import { timingSafeEqual } from "node:crypto";
import type { Caller } from "./caller.ts";
import type { TokenEntry, TokenFile } from "./token-file.ts";
import { tokenDigest } from "./token-secret.ts";

/** A token that the node knows. */
export interface KnownToken extends Caller {
  readonly name: string;
  /** Milliseconds since 1970; null for never. */
  readonly expiresMs: number | null;
  readonly requestsPerSecond: number | null;
}

interface HashedToken {
  readonly digest: Buffer;
  readonly token: KnownToken;
}

/** The tokens of one reading of the file. */
export class TokenList {
  readonly #tokens: readonly HashedToken[];

  constructor({ tokens }: TokenFile) {
    this.#tokens = tokens.map((entry) => ({
      digest: Buffer.from(entry.sha256, "hex"),
      token: knownToken(entry),
    }));
  }

  get size(): number {
    return this.#tokens.length;
  }

  names(): string[] {
    return this.#tokens.map(({ token }) => token.name);
  }

  /** The token of that text, expired or not. All of them are compared, each in a time that does not depend on what it is. */
  find(text: string): KnownToken | null {
    const digest = tokenDigest(text);
    let found: KnownToken | null = null;
    for (const known of this.#tokens) {
      if (timingSafeEqual(known.digest, digest)) found = known.token;
    }
    return found;
  }
}

function knownToken({ name, rights, databases, expires, requestsPerSecond }: TokenEntry): KnownToken {
  return {
    name,
    rights: new Set(rights),
    databases: databases?.toSorted() ?? null,
    expiresMs: expires === undefined ? null : Date.parse(expires),
    requestsPerSecond: requestsPerSecond ?? null,
  };
}
