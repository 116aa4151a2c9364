import type { EventHistory } from "@understudy/health-monitor";
import type { Clock, Logger } from "@understudy/kernel";
import {
  CertificateKeeper,
  endWarning,
  type CertificateKeeperOptions,
  type CertificateNews,
  type TlsSource,
} from "@understudy/tls";
import type { Server } from "node:https";
import type { SecureContextOptions } from "node:tls";
import type { NodeConfig } from "../config/node-config.ts";
import {
  DATABASE_TLS_NAMES,
  databaseTlsFilesOf,
  ETCD_TLS_NAMES,
  etcdTlsFilesOf,
  TLS_NAMES,
  tlsFilesOf,
  usesOf,
} from "./tls-problems.ts";

/** What {@link NodeTls} needs. */
export interface NodeTlsOptions {
  readonly config: NodeConfig;
  readonly advertisedUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventHistory;
}

/** What a certificate is for that a node shows, trusts, or is shown. */
export type CertificateUse =
  `${"node" | "etcd" | "database"}-authority` | `${"etcd" | "database"}-${"client" | "server"}` | "node";

/** A certificate of others, as the node was shown it last. */
type ServedUse = "database-server" | "etcd-server";

const SERVED_NAMES: Readonly<Record<ServedUse, string>> = {
  "database-server": "the certificate that the database server shows",
  "etcd-server": "the certificate that etcd shows",
};
/** A warning that stands is said again after so long. */
const REMIND_MS = 86_400_000;

/** With forward secrecy and authenticated encryption alone; TLS 1.3 has nothing else. */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");

/**
 * The certificates that a node shows and trusts, kept current with their files: of its own listener, for its requests to other nodes,
 * for etcd and for its database server; and when those end that it is shown. Without such settings it watches nothing.
 */
export class NodeTls implements AsyncDisposable {
  readonly #own: CertificateKeeper | null;
  readonly #etcd: CertificateKeeper | null;
  /** Tells of ends and changes; each connection reads the files by itself. */
  readonly #database: CertificateKeeper | null;
  readonly #servedMs = new Map<ServedUse, number>();
  readonly #saidMs = new Map<ServedUse, number>();
  readonly #options: NodeTlsOptions;
  readonly #servers = new Set<Server>();

  /** True where the node speaks TLS to its database server. */
  readonly encryptsDatabase: boolean;

  constructor(options: NodeTlsOptions) {
    const { config, advertisedUrl, clock, logger, events } = options;
    this.#options = options;
    const tell = ({ kind, text }: CertificateNews): void => {
      if (kind !== "reloaded") events.record("warning", text);
    };
    const keep = (options: Pick<CertificateKeeperOptions, "files" | "names" | "uses" | "host">) =>
      Object.values(options.files).some((path) => path !== undefined)
        ? new CertificateKeeper({ ...options, clock, logger, onNews: tell })
        : null;
    this.#own = keep({
      files: tlsFilesOf(config),
      names: TLS_NAMES,
      uses: usesOf(config),
      host: new URL(advertisedUrl).hostname.replace(/^\[(.*)\]$/, "$1"),
    });
    this.#etcd = keep({
      files: etcdTlsFilesOf(config),
      names: ETCD_TLS_NAMES,
      uses: ["client"],
      host: null,
    });
    const databaseFiles = databaseTlsFilesOf(config);
    this.encryptsDatabase = databaseFiles !== null;
    this.#database =
      databaseFiles &&
      keep({ files: databaseFiles, names: DATABASE_TLS_NAMES, uses: ["client"], host: null });
    this.#own?.onChange(() => {
      for (const server of this.#servers) server.setSecureContext(this.serverContext());
    });
  }

  /** For requests to other nodes: always what is current. */
  readonly forPeers: TlsSource = () => this.#own?.material ?? NOTHING;

  /** For etcd; undefined without files of its own. */
  get forEtcd(): TlsSource | undefined {
    const keeper = this.#etcd;
    return keeper ? () => keeper.material : undefined;
  }

  /** For a look at etcd's certificate. */
  etcdContext(): SecureContextOptions {
    const { ca, cert, key } = this.#etcd?.material ?? {};
    return { ca, cert, key };
  }

  /** Keeps when a certificate ends that the node was shown just now, and logs an end that comes near, once a day. */
  noteServed(use: ServedUse, untilMs: number): void {
    const { clock, logger, events } = this.#options;
    this.#servedMs.set(use, untilMs);
    const nowMs = clock.nowMs();
    const [warning] = endWarning(SERVED_NAMES[use], untilMs, nowMs);
    const isSaid = nowMs - (this.#saidMs.get(use) ?? Number.NEGATIVE_INFINITY) < REMIND_MS;
    if (warning === undefined || isSaid) return;
    this.#saidMs.set(use, nowMs);
    logger.warn({ event: "certificate-ends", use }, warning);
    events.record("warning", warning);
  }

  /** When each certificate ends that is known, in milliseconds since 1970. */
  ends(): ReadonlyMap<CertificateUse, number> {
    const [own, etcd, database] = [this.#own, this.#etcd, this.#database].map((keeper) => keeper?.ends());
    const all: readonly (readonly [CertificateUse, number | null | undefined])[] = [
      ["node", own?.cert],
      ["node-authority", own?.ca],
      ["etcd-client", etcd?.cert],
      ["etcd-authority", etcd?.ca],
      ["database-client", database?.cert],
      ["database-authority", database?.ca],
      ...this.#servedMs,
    ];
    return new Map(
      all.flatMap(([use, untilMs]) =>
        untilMs === null || untilMs === undefined ? [] : [[use, untilMs] as const],
      ),
    );
  }

  /** What a listener needs. */
  serverContext(): SecureContextOptions {
    const { ca, cert, key } = this.#own?.material ?? {};
    return { ca, cert, key, ciphers: CIPHERS, honorCipherOrder: true, minVersion: "TLSv1.2" };
  }

  /** Has a listener take new certificates, until it closes. */
  attach(server: Server): void {
    this.#servers.add(server);
    server.once("close", () => this.#servers.delete(server));
  }

  /** What a person should know now; empty where all is well. */
  warnings(): string[] {
    const nowMs = this.#options.clock.nowMs();
    const served = [...this.#servedMs].flatMap(([use, untilMs]) =>
      endWarning(SERVED_NAMES[use], untilMs, nowMs),
    );
    return [
      ...[this.#own, this.#etcd, this.#database].flatMap((keeper) => keeper?.warnings() ?? []),
      ...served,
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own?.[Symbol.asyncDispose]();
    await this.#etcd?.[Symbol.asyncDispose]();
    await this.#database?.[Symbol.asyncDispose]();
  }
}

const NOTHING = {};
