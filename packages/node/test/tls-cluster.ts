import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTestServer, reservePort, type DatabaseServer } from "@understudy/database-server";
import type { Logger } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { TestAuthority, TestCertificate } from "@understudy/tls/test-authority";
import { readConfig } from "../src/config/node-config.ts";
import { openNode, type UnderstudyNode } from "../src/open-node.ts";

/** How the nodes of a {@link TlsCluster} are started. */
export interface TlsClusterOptions {
  readonly flavour: Flavour;
  readonly authority: TestAuthority;
  /** More settings for each node. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A node within this process, with its own database server; it can be stopped and started again. */
export class TlsNode implements AsyncDisposable {
  readonly nodeId: string;
  readonly url: string;
  readonly database: DatabaseServer;
  /** What it has logged. */
  readonly log: string[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  #node: UnderstudyNode | null = null;

  /** Use {@link openTlsCluster}. */
  constructor(
    identity: { readonly nodeId: string; readonly url: string; readonly database: DatabaseServer },
    environment: Readonly<Record<string, string>>,
  ) {
    this.nodeId = identity.nodeId;
    this.url = identity.url;
    this.database = identity.database;
    this.#environment = environment;
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    const note = (_fields: unknown, message: string): void => void this.log.push(message);
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    const role = this.nodeId === "node1" ? "master" : "slave";
    const node = await openNode(readConfig({ ...this.#environment, ...more }, role), logger);
    node.failed.catch((error: unknown) => this.log.push(String(error)));
    this.#node = node;
  }

  async stop(): Promise<void> {
    const node = this.#node;
    this.#node = null;
    await node?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Three nodes that speak TLS to each other and to their database servers, which take nothing else. */
export interface TlsCluster extends AsyncDisposable {
  readonly nodes: readonly [TlsNode, TlsNode, TlsNode];
}

/** The settings of a node that shows this certificate. */
export function certificateSettings({ certFile, keyFile }: TestCertificate): Record<string, string> {
  return { UNDERSTUDY_TLS_CERT_FILE: certFile, UNDERSTUDY_TLS_KEY_FILE: keyFile };
}

/** Starts all of it. The nodes may not have found each other yet. */
export async function openTlsCluster(options: TlsClusterOptions): Promise<TlsCluster> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "understudy-tls-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const ports = await Promise.all([1, 2, 3].map(() => reservePort()));
  for (const port of ports) stack.use(port);
  const databases = await Promise.all([1, 2, 3].map((id) => openDatabase(options, id)));
  for (const database of databases) stack.use(database);
  const make = async (index: 0 | 1 | 2): Promise<TlsNode> => {
    const database = databases[index];
    const port = ports[index]?.port ?? 0;
    if (!database) throw new Error("there are three");
    const nodeId = `node${index + 1}`;
    const databaseUrl = new URL(database.url);
    databaseUrl.searchParams.set("ssl-mode", "VERIFY_IDENTITY");
    databaseUrl.searchParams.set("ssl-ca", options.authority.caFile);
    const identity = { nodeId, url: `https://127.0.0.1:${port}`, database };
    const node = stack.use(
      new TlsNode(identity, {
        UNDERSTUDY_NODE_ID: nodeId,
        UNDERSTUDY_PORT: String(port),
        UNDERSTUDY_DATABASE_URL: databaseUrl.href,
        UNDERSTUDY_DATA_DIR: join(directory, nodeId),
        UNDERSTUDY_CLUSTER_ID: "tls",
        UNDERSTUDY_TLS_CA_FILE: options.authority.caFile,
        UNDERSTUDY_TLS_CLIENT_AUTH: "nodes",
        UNDERSTUDY_PROBE_INTERVAL_MS: "1000",
        UNDERSTUDY_PROBE_TIMEOUT_MS: "1000",
        UNDERSTUDY_MASTER_URL: `https://127.0.0.1:${ports[0]?.port}`,
        ...certificateSettings(await options.authority.issue(nodeId)),
        ...options.environment,
      }),
    );
    await node.start();
    return node;
  };
  const nodes = [await make(0), await make(1), await make(2)] as const;
  const owned = stack.move();
  return { nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function openDatabase(
  { flavour, authority }: TlsClusterOptions,
  serverId: number,
): Promise<DatabaseServer> {
  const { certFile, keyFile } = await authority.issue(`database${serverId}`);
  return openTestServer(flavour, {
    serverId,
    readOnly: true,
    extraArguments: [`--ssl-ca=${authority.caFile}`, `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`],
  });
}
