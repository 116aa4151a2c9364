import { connect, isIP, type Socket } from "node:net";
import { UnderstudyError } from "@understudy/protocol";
import { readCheckedTls, type ReadTls } from "./certificate-keeper.ts";
import { isSameMaterial, type TlsMaterial, type TlsNames } from "./tls-files.ts";

/**
 * How much a database server's certificate is looked at, by the names of MySQL's own clients: `REQUIRED` encrypts and looks at nothing,
 * `VERIFY_CA` checks who has signed it, `VERIFY_IDENTITY` also that it is for this host.
 */
export type SslMode = "REQUIRED" | "VERIFY_CA" | "VERIFY_IDENTITY";

/** TLS to a database server. */
export interface DatabaseTls {
  readonly mode: SslMode;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** The parameters of a database URL that are about TLS. */
export const DATABASE_TLS_PARAMETERS = ["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key"] as const;

const MODES: readonly SslMode[] = ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"];
const NAMES: TlsNames = { ca: "ssl-ca", cert: "ssl-cert", key: "ssl-key" };

/**
 * Reads `ssl-mode`, `ssl-ca`, `ssl-cert` and `ssl-key`; null for a connection in plain. As with MySQL's clients, `ssl-ca` alone means
 * `VERIFY_CA`; a certificate alone means `REQUIRED`. Throws a sentence's end as `Error` for what can't be meant.
 */
export function parseDatabaseTls(parameters: URLSearchParams): DatabaseTls | null {
  const caFile = parameters.get("ssl-ca") ?? undefined;
  const certFile = parameters.get("ssl-cert") ?? undefined;
  const keyFile = parameters.get("ssl-key") ?? undefined;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new Error("ssl-cert and ssl-key belong together; give both or none");
  }
  const hasFiles = caFile !== undefined || certFile !== undefined;
  const given = parameters.get("ssl-mode")?.toUpperCase();
  if (given === undefined) {
    if (!hasFiles) return null;
    return { mode: caFile === undefined ? "REQUIRED" : "VERIFY_CA", caFile, certFile, keyFile };
  }
  if (given === "DISABLED") {
    if (hasFiles) throw new Error("ssl-mode is DISABLED, but certificates are given; keep one");
    return null;
  }
  if (given === "PREFERRED") {
    throw new Error(
      "ssl-mode PREFERRED would speak in plain where TLS fails, unnoticed; say REQUIRED, or DISABLED",
    );
  }
  const mode = MODES.find((one) => one === given);
  if (!mode)
    throw new Error(`ssl-mode must be DISABLED, ${MODES.join(", ")}; it is ${JSON.stringify(given)}`);
  return { mode, caFile, certFile, keyFile };
}

/** Every problem of the files that a URL names, at once; empty where there is none. */
export function databaseTlsProblems(tls: DatabaseTls, nowMs: number): readonly string[] {
  return read(tls, nowMs).problems;
}

/** What mysql2 wants in `ssl`. */
export interface DatabaseSslOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly minVersion: "TLSv1.2";
  readonly rejectUnauthorized: boolean;
  readonly verifyIdentity: boolean;
}

/** Where a server is, and how it is spoken to. */
export interface DatabaseAddress {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: DatabaseTls;
}

/** What mysql2 needs for a connection of the kind that the endpoint asks for, to be spread into its options. */
export interface DatabaseConnectionOptions {
  readonly ssl?: DatabaseSslOptions;
  readonly stream?: () => Socket;
}

/**
 * The options of mysql2 for TLS; empty for a connection in plain. The files are read anew, so that a new connection takes certificates
 * that were changed; where they can't be used for the moment, those of the last time serve. Throws `database-unavailable` where there
 * were none.
 */
export function databaseSslOptions({
  host = "localhost",
  port = 3306,
  tls,
}: DatabaseAddress): DatabaseConnectionOptions {
  if (!tls) return {};
  const ssl = sslOptionsOf(tls);
  // of a server that is called by its address mysql2 would check the name "localhost"
  return ssl.verifyIdentity && isIP(host) !== 0
    ? { ssl, stream: () => connectByAddress(host, port) }
    : { ssl };
}

function connectByAddress(host: string, port: number): Socket {
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  // from there TLS takes what it checks the certificate's names against; Node sets it for names only
  Object.assign(socket, { _host: host });
  return socket;
}

const lastGood = new WeakMap<
  DatabaseTls,
  { readonly material: TlsMaterial; readonly options: DatabaseSslOptions }
>();

function sslOptionsOf(tls: DatabaseTls): DatabaseSslOptions {
  const known = lastGood.get(tls);
  const { material, problems } = read(tls, Date.now());
  if (problems.length > 0) {
    if (known) return known.options;
    throw new UnderstudyError("database-unavailable", `TLS to the database server: ${problems.join("; ")}`);
  }
  // of one object mysql2 keeps the secure context
  if (known && isSameMaterial(known.material, material)) return known.options;
  const { ca, cert, key } = material;
  const options: DatabaseSslOptions = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    minVersion: "TLSv1.2",
    rejectUnauthorized: tls.mode !== "REQUIRED",
    verifyIdentity: tls.mode === "VERIFY_IDENTITY",
  };
  lastGood.set(tls, { material, options });
  return options;
}

function read({ caFile: ca, certFile: cert, keyFile: key }: DatabaseTls, nowMs: number): ReadTls {
  return readCheckedTls({ ca, cert, key }, { names: NAMES, nowMs, uses: ["client"] });
}
