import type { EtcdTls } from "@understudy/etcd-server";
import type { SandboxPlan } from "./sandbox-folder.ts";

/** A certificate and its key, as PEM files. */
export interface SandboxCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Whose certificates the processes of a sandbox show each other: an authority of its own. */
export interface SandboxAuthority {
  readonly caFile: string;
  /** A certificate for 127.0.0.1, good for servers and clients. Called once for each name. */
  issue(name: string): Promise<SandboxCertificate>;
}

/** The certificates of all processes. Each node has two: one for its port and for other nodes, one for its database server and etcd. */
export interface SandboxTls {
  readonly etcd: EtcdTls;
  /** Options of the command line of a node's database server. */
  databaseArguments(nodeId: string): readonly string[];
  /** The node's settings, but for the URL of its database server. */
  nodeEnvironment(nodeId: string): Readonly<Record<string, string>>;
  /** The URL with what makes the node encrypt, check the server, and show its own certificate. */
  databaseUrl(nodeId: string, url: string): string;
}

/** Has the certificates made. */
export async function issueCertificates(
  authority: SandboxAuthority,
  { nodes }: Pick<SandboxPlan, "nodes">,
): Promise<SandboxTls> {
  const { caFile } = authority;
  const names = ["etcd", ...nodes.flatMap(({ nodeId }) => [nodeId, clientOf(nodeId), databaseOf(nodeId)])];
  const issued = new Map(
    await Promise.all(names.map(async (name) => [name, await authority.issue(name)] as const)),
  );
  const certificate = (name: string): SandboxCertificate => {
    const found = issued.get(name);
    if (!found) throw new Error(`there is no certificate for ${name}`);
    return found;
  };
  return {
    etcd: { ...certificate("etcd"), clientCaFile: caFile },
    databaseArguments: (nodeId) => {
      const { certFile, keyFile } = certificate(databaseOf(nodeId));
      return [`--ssl-ca=${caFile}`, `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`];
    },
    nodeEnvironment: (nodeId) => {
      const own = certificate(nodeId);
      const client = certificate(clientOf(nodeId));
      return {
        UNDERSTUDY_TLS_CERT_FILE: own.certFile,
        UNDERSTUDY_TLS_KEY_FILE: own.keyFile,
        UNDERSTUDY_TLS_CA_FILE: caFile,
        UNDERSTUDY_TLS_CLIENT_AUTH: "nodes",
        UNDERSTUDY_ETCD_CERT_FILE: client.certFile,
        UNDERSTUDY_ETCD_KEY_FILE: client.keyFile,
        UNDERSTUDY_ETCD_CA_FILE: caFile,
      };
    },
    databaseUrl: (nodeId, url) => {
      const { certFile, keyFile } = certificate(clientOf(nodeId));
      const secured = new URL(url);
      secured.searchParams.set("ssl-mode", "VERIFY_IDENTITY");
      secured.searchParams.set("ssl-ca", caFile);
      secured.searchParams.set("ssl-cert", certFile);
      secured.searchParams.set("ssl-key", keyFile);
      return secured.href;
    },
  };
}

function clientOf(nodeId: string): string {
  return `client-of-${nodeId}`;
}

function databaseOf(nodeId: string): string {
  return `database-of-${nodeId}`;
}
