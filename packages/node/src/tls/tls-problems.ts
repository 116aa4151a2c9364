import { systemClock, messageOf } from "@understudy/kernel";
import { databaseTlsProblems, readCheckedTls, type TlsFiles, type TlsNames } from "@understudy/tls";
import { parseDatabaseUrl } from "@understudy/sql-executor";
import type { NodeConfig } from "../config/node-config.ts";
import type { NodeSettings } from "../config/settings.ts";

/** How messages call the files of the node's own TLS. */
export const TLS_NAMES: TlsNames = {
  ca: "UNDERSTUDY_TLS_CA_FILE",
  cert: "UNDERSTUDY_TLS_CERT_FILE",
  key: "UNDERSTUDY_TLS_KEY_FILE",
};

/** How messages call the files for etcd. */
export const ETCD_TLS_NAMES: TlsNames = {
  ca: "UNDERSTUDY_ETCD_CA_FILE",
  cert: "UNDERSTUDY_ETCD_CERT_FILE",
  key: "UNDERSTUDY_ETCD_KEY_FILE",
};

/** How messages call the files for the database server. */
export const DATABASE_TLS_NAMES: TlsNames = {
  ca: "ssl-ca (UNDERSTUDY_DATABASE_URL)",
  cert: "ssl-cert (UNDERSTUDY_DATABASE_URL)",
  key: "ssl-key (UNDERSTUDY_DATABASE_URL)",
};

/** The files for the database server; null where it is spoken to in plain. */
export function databaseTlsFilesOf({ databaseUrl }: Pick<NodeConfig, "databaseUrl">): TlsFiles | null {
  const { tls } = parseDatabaseUrl(databaseUrl.reveal());
  return tls ? { ca: tls.caFile, cert: tls.certFile, key: tls.keyFile } : null;
}

type TlsSettings = Pick<NodeSettings, "tlsCertFile" | "tlsKeyFile" | "tlsCaFile" | "tlsClientAuth">;

/** The files of the node's own TLS. */
export function tlsFilesOf({ tlsCaFile: ca, tlsCertFile: cert, tlsKeyFile: key }: TlsSettings): TlsFiles {
  return { ca, cert, key };
}

/** The files for etcd. */
export function etcdTlsFilesOf(
  settings: Pick<NodeSettings, "etcdCaFile" | "etcdCertFile" | "etcdKeyFile">,
): TlsFiles {
  return { ca: settings.etcdCaFile, cert: settings.etcdCertFile, key: settings.etcdKeyFile };
}

/** What the certificate has to be good for: with client certificates every node is a client, too. */
export function usesOf({ tlsClientAuth }: TlsSettings): readonly ("server" | "client")[] {
  return tlsClientAuth === "none" ? ["server"] : ["server", "client"];
}

/** Why the settings about TLS, or the files that they name, can't be used; every problem at once. */
export function tlsSettingsProblems(settings: NodeSettings): string[] {
  const { tlsCertFile, tlsKeyFile, tlsCaFile, tlsClientAuth, advertisedUrl } = settings;
  const problems: string[] = [];
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    problems.push("UNDERSTUDY_TLS_CERT_FILE and UNDERSTUDY_TLS_KEY_FILE belong together; give both or none");
  }
  if (tlsClientAuth !== "none" && (tlsCertFile === undefined || tlsCaFile === undefined)) {
    problems.push(
      `UNDERSTUDY_TLS_CLIENT_AUTH is ${tlsClientAuth}, which needs UNDERSTUDY_TLS_CERT_FILE, and UNDERSTUDY_TLS_CA_FILE to check certificates against`,
    );
  }
  if (tlsCertFile !== undefined && advertisedUrl?.startsWith("http:") === true) {
    problems.push(
      "UNDERSTUDY_ADVERTISED_URL begins with http://, but with UNDERSTUDY_TLS_CERT_FILE the node speaks https alone",
    );
  }
  const nowMs = systemClock.nowMs();
  const own = { names: TLS_NAMES, nowMs, uses: usesOf(settings) };
  problems.push(...readCheckedTls(tlsFilesOf(settings), own).problems);
  const etcd = { names: ETCD_TLS_NAMES, nowMs, uses: ["client"] as const };
  problems.push(...readCheckedTls(etcdTlsFilesOf(settings), etcd).problems);
  return [...problems, ...databaseProblems(settings.databaseUrl, nowMs)];
}

/** Its messages never hold the password. */
function databaseProblems(databaseUrl: string, nowMs: number): string[] {
  try {
    const { tls } = parseDatabaseUrl(databaseUrl);
    const problems = tls ? databaseTlsProblems(tls, nowMs) : [];
    return problems.map((problem) => `UNDERSTUDY_DATABASE_URL: ${problem}`);
  } catch (error) {
    return [messageOf(error)];
  }
}
