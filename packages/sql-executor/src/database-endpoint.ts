import { UnderstudyError } from "@understudy/protocol";

/** Where a database server listens and as whom to log in: a socket path, or host and port. */
export interface DatabaseEndpoint {
  readonly host?: string;
  readonly port?: number;
  /** Preferred over host and port where given. */
  readonly socketPath?: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Reads `mysql://user:password@host:port`, or `mysql://user:password@localhost?socketPath=/path` (`mariadb://` likewise).
 * User and password are percent-decoded. Throws `config-invalid`; the message never holds the password.
 */
export function parseDatabaseUrl(text: string): DatabaseEndpoint {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid("it is not a URL; expected mysql://user:password@host:port");
  }
  if (url.protocol !== "mysql:" && url.protocol !== "mariadb:") {
    throw invalid(`it starts with "${url.protocol}//"; expected "mysql://" or "mariadb://"`);
  }
  if (url.pathname !== "" && url.pathname !== "/") {
    throw invalid("it names a database; a node owns the whole server, so leave the path away");
  }
  if (url.hash !== "") throw invalid('it has a "#"; write %23 where it belongs to the password');
  for (const key of url.searchParams.keys()) {
    if (key !== "socketPath") throw invalid(`unknown parameter "${key}"; only socketPath is known`);
  }
  const user = decode(url.username, "user");
  if (user === "") throw invalid("it names no user; expected mysql://user:password@host:port");
  const account = { user, password: decode(url.password, "password") };
  const socketPath = url.searchParams.get("socketPath");
  if (socketPath !== null) {
    if (!socketPath.startsWith("/")) throw invalid("socketPath must be an absolute path");
    return { socketPath, ...account };
  }
  if (url.hostname === "") throw invalid("it names no host");
  const host = decode(url.hostname.replace(/^\[(.*)\]$/, "$1"), "host");
  const port = url.port === "" ? 3306 : Number(url.port);
  if (port === 0) throw invalid("port 0 is not a port");
  return { host, port, ...account };
}

/** The endpoint as people read it, without the password. */
export function describeEndpoint(endpoint: DatabaseEndpoint): string {
  const host = endpoint.host ?? "localhost";
  const where = endpoint.socketPath ?? `${host.includes(":") ? `[${host}]` : host}:${endpoint.port ?? 3306}`;
  return `${endpoint.user}@${where}`;
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`its ${part} has a stray "%"; write %25`);
  }
}

function invalid(reason: string): UnderstudyError {
  return new UnderstudyError("config-invalid", `the database URL is not usable: ${reason}`);
}
