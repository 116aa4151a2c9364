import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { DATABASE_TLS_PARAMETERS, parseDatabaseTls, type DatabaseTls } from "@understudy/tls";

/** Where a database server listens and as whom to log in: a socket path, or host and port. */
export interface DatabaseEndpoint {
  readonly host?: string;
  readonly port?: number;
  /** Preferred over host and port where given. */
  readonly socketPath?: string;
  readonly user: string;
  readonly password: string;
  /** Left out: in plain. Not with a socket path. */
  readonly tls?: DatabaseTls;
}

const PARAMETERS: readonly string[] = ["socketPath", ...DATABASE_TLS_PARAMETERS];

/**
 * Reads `mysql://user:password@host:port`, or `mysql://user:password@localhost?socketPath=/path` (`mariadb://` likewise).
 * User and password are percent-decoded. `?ssl-mode=`, `ssl-ca=`, `ssl-cert=` and `ssl-key=` ask for TLS, see `parseDatabaseTls`. Throws `config-invalid`; the message never holds the password.
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
    if (!PARAMETERS.includes(key)) {
      throw invalid(`unknown parameter "${key}"; ${PARAMETERS.join(", ")} are known`);
    }
    if (url.searchParams.getAll(key).length > 1) throw invalid(`${key} is given twice`);
  }
  const user = decode(url.username, "user");
  if (user === "") throw invalid("it names no user; expected mysql://user:password@host:port");
  const account = { user, password: decode(url.password, "password") };
  const socketPath = url.searchParams.get("socketPath");
  const tls = tlsOf(url.searchParams);
  if (socketPath !== null) {
    if (tls) throw invalid("a socket is not reached by TLS; leave the ssl parameters away");
    if (!socketPath.startsWith("/")) throw invalid("socketPath must be an absolute path");
    return { socketPath, ...account };
  }
  if (url.hostname === "") throw invalid("it names no host");
  const host = decode(url.hostname.replace(/^\[(.*)\]$/, "$1"), "host");
  const port = url.port === "" ? 3306 : Number(url.port);
  if (port === 0) throw invalid("port 0 is not a port");
  return { host, port, ...account, ...(tls && { tls }) };
}

/** The endpoint as people read it, without the password. */
export function describeEndpoint(endpoint: DatabaseEndpoint): string {
  const host = endpoint.host ?? "localhost";
  const where = endpoint.socketPath ?? `${host.includes(":") ? `[${host}]` : host}:${endpoint.port ?? 3306}`;
  return `${endpoint.user}@${where}`;
}

function tlsOf(parameters: URLSearchParams): DatabaseTls | null {
  try {
    return parseDatabaseTls(parameters);
  } catch (error) {
    throw invalid(messageOf(error));
  }
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
