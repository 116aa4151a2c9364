import { TOKEN_PATTERN } from "./token-secret.ts";

/** The token that a request brings: of `Bearer`, or the password of `Basic`, which is all that some drivers can send. Null where it brings none. */
export function presentedToken(authorization: string | undefined): string | null {
  if (authorization === undefined) return null;
  const [, scheme = "", value = ""] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return TOKEN_PATTERN.test(value) ? value : null;
    case "basic": {
      const text = Buffer.from(value, "base64").toString("utf8");
      const password = text.slice(text.indexOf(":") + 1);
      return text.includes(":") && TOKEN_PATTERN.test(password) ? password : null;
    }
    default:
      return null;
  }
}
