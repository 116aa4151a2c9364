import type { EventHistory } from "@understudy/health-monitor";
import type { Clock, Logger } from "@understudy/kernel";
import {
  CertificateKeeper,
  type CertificateKeeperOptions,
  type CertificateNews,
  type TlsSource,
} from "@understudy/tls";
import type { Server } from "node:https";
import type { SecureContextOptions } from "node:tls";
import type { NodeConfig } from "../config/node-config.ts";
import { ETCD_TLS_NAMES, etcdTlsFilesOf, TLS_NAMES, tlsFilesOf, usesOf } from "./tls-problems.ts";

/** What {@link NodeTls} needs. */
export interface NodeTlsOptions {
  readonly config: NodeConfig;
  readonly advertisedUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventHistory;
}

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
 * and for etcd. Without such settings it watches nothing.
 */
export class NodeTls implements AsyncDisposable {
  readonly #own: CertificateKeeper | null;
  readonly #etcd: CertificateKeeper | null;
  readonly #servers = new Set<Server>();

  constructor({ config, advertisedUrl, clock, logger, events }: NodeTlsOptions) {
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
    return [...(this.#own?.warnings() ?? []), ...(this.#etcd?.warnings() ?? [])];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own?.[Symbol.asyncDispose]();
    await this.#etcd?.[Symbol.asyncDispose]();
  }
}

const NOTHING = {};
