import { dataOption } from "./etcd-folders.ts";

/** Certificates of a private cluster, as PEM files. */
export interface EtcdTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Where it is given, clients have to show a certificate of this authority, and the members speak TLS among themselves, too, as strictly. */
  readonly clientCaFile?: string;
}

/** What decides a member's command line. */
export interface EtcdArgumentsOptions {
  readonly name: string;
  readonly directory: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  /** Where the other members go. */
  readonly advertisedPeerUrl: string;
  /** All members with their peer URLs, by name. Counts only when a member begins with an empty folder. */
  readonly peerUrls: ReadonlyMap<string, string>;
  /** Same for all members and no others, so that members of two clusters never mix. */
  readonly token: string;
  readonly tls: EtcdTls | null;
  /** Where it tells of its health in plain; null where the client URL does. */
  readonly healthUrl: string | null;
  /** More options of etcd's own. */
  readonly extra: readonly string[];
}

const MIB = 1024 * 1024;

/**
 * The command line of a private member on loopback: etcd's own times for its leader (one that is alone waits for nobody, so
 * it is quicker), a bounded history and database, and a pre-vote, so that a member that was held still does not unseat the
 * leader when it wakes up.
 */
export function etcdArguments(options: EtcdArgumentsOptions): readonly string[] {
  const heartbeatMs = options.peerUrls.size === 1 ? 20 : 100;
  const members = [...options.peerUrls].map(([name, url]) => `${name}=${url}`);
  return [
    `--name=${options.name}`,
    dataOption(options.directory),
    `--listen-client-urls=${options.clientUrl}`,
    `--advertise-client-urls=${options.clientUrl}`,
    `--listen-peer-urls=${options.peerUrl}`,
    `--initial-advertise-peer-urls=${options.advertisedPeerUrl}`,
    `--initial-cluster=${members.join(",")}`,
    "--initial-cluster-state=new",
    `--initial-cluster-token=${options.token}`,
    `--heartbeat-interval=${heartbeatMs}`,
    `--election-timeout=${heartbeatMs * 10}`,
    "--pre-vote=true",
    "--auto-compaction-mode=periodic",
    "--auto-compaction-retention=10m",
    `--quota-backend-bytes=${256 * MIB}`,
    "--snapshot-count=10000",
    ...tlsArguments(options.tls),
    ...(options.healthUrl === null ? [] : [`--listen-metrics-urls=${options.healthUrl}`]),
    ...options.extra,
  ];
}

function tlsArguments(tls: EtcdTls | null): string[] {
  if (!tls) return [];
  const { certFile, keyFile, clientCaFile } = tls;
  const own = [`--cert-file=${certFile}`, `--key-file=${keyFile}`];
  if (clientCaFile === undefined) return own;
  return [
    ...own,
    "--client-cert-auth",
    `--trusted-ca-file=${clientCaFile}`,
    `--peer-cert-file=${certFile}`,
    `--peer-key-file=${keyFile}`,
    "--peer-client-cert-auth",
    `--peer-trusted-ca-file=${clientCaFile}`,
  ];
}
