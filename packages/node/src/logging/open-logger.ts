import { pino, type Logger as PinoLogger } from "pino";
import { MASK } from "../config/mask.ts";
import type { NodeConfig } from "../config/node-config.ts";
import { Redacted } from "../config/redacted.ts";
import { currentTraceIds } from "../tracing/in-span.ts";

/** Fields that nothing should log, but an error of a library may bring along. */
const SECRET_FIELDS = [
  "authorization",
  "cookie",
  "password",
  "token",
  "databaseUrl",
  "etcdPassword",
] as const;
/** A shorter secret would be cut out of harmless words as well. */
const SECRET_LENGTH_MIN = 6;

/** Where lines go; a test collects them. */
export interface LogDestination {
  write(line: string): void;
}

/**
 * A node's own log: JSON lines to standard output, each with the node, its app and, inside a traced request, the trace's ids. What the
 * configuration holds as a secret is cut out of every line, wherever it got in.
 */
export function openLogger(config: NodeConfig, nodeId: string, destination?: LogDestination): PinoLogger {
  const cut = cutSecrets(secretsOf(config));
  const options = {
    level: config.logLevel,
    base: { node: nodeId, role: config.role },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: MASK },
    mixin: currentTraceIds,
    hooks: { streamWrite: cut },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Every secret of a configuration, and the password in an address by itself, which is what errors tend to quote. */
function secretsOf(config: NodeConfig): string[] {
  const secrets = Object.values(config).flatMap((value: unknown) => {
    const secret: unknown = value instanceof Redacted ? value.reveal() : null;
    if (typeof secret !== "string") return [];
    const password = URL.parse(secret)?.password ?? "";
    return [secret, password, decoded(password)];
  });
  return secrets.filter((secret) => secret.length >= SECRET_LENGTH_MIN);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function cutSecrets(secrets: readonly string[]): (line: string) => string {
  // as JSON writes them, the longest first, since one may be part of another
  const written = [...new Set(secrets.map((secret) => JSON.stringify(secret).slice(1, -1)))].sort(
    (left, right) => right.length - left.length,
  );
  return (line) => written.reduce((text, secret) => text.replaceAll(secret, MASK), line);
}
