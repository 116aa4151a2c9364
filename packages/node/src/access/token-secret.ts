import { randomToken } from "@understudy/kernel";
import { createHash } from "node:crypto";

/** So that people and scanners for leaked secrets know one when they see it. */
const PREFIX = "understudy_";
const RANDOM_BYTES = 32;

/** What is sent as a token: no longer, and of these characters only (RFC 6750, 2.1). */
export const TOKEN_PATTERN = /^[A-Za-z0-9._~+/=-]{16,256}$/;

/** A new token: 256 bits of chance, so that its plain hash can be kept (docs/decisions/0016). */
export function newToken(): string {
  return PREFIX + randomToken(RANDOM_BYTES);
}

/** SHA-256 of a token. */
export function tokenDigest(token: string): Buffer {
  return createHash("sha256").update(token, "utf8").digest();
}
