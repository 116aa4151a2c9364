import { join } from "node:path";
import {
  ensureDataDirectories,
  openDatabaseServer,
  type DatabaseProgram,
  type DatabaseServer,
} from "@understudy/database-server";
import { errorCodeOf, UnderstudyError } from "@understudy/protocol";
import { messageOf } from "@understudy/kernel";
import { FLAVOUR_NAMES } from "./flavour-names.ts";
import { killAllAt } from "./kill-all-at.ts";
import { openNodeProcess, type NodeProcess } from "./node-process.ts";
import { disposeAll, openAll } from "./open-all.ts";
import { foldersOf, type NodePlan, type SandboxPlan } from "./sandbox-folder.ts";
import type { SandboxTls } from "./sandbox-tls.ts";
import type { NetworkLinks } from "./network-links.ts";
import type { SandboxNode } from "./sandbox-node.ts";
import { step, type SandboxProgress } from "./sandbox-progress.ts";

/** What is started, and how. */
export interface MembersOptions {
  readonly directory: string;
  readonly plan: SandboxPlan;
  readonly program: DatabaseProgram;
  readonly durability: "full" | "relaxed";
  readonly templates: string | undefined;
  readonly nodeEnvironment: Readonly<Record<string, string>>;
  readonly environmentOf:
    ((nodeId: string, process: "node" | "database") => Readonly<Record<string, string>>) | undefined;
  readonly onProgress: (progress: SandboxProgress) => void;
  readonly killSignal: AbortSignal | undefined;
  /** Null where all speak in plain. */
  readonly tls: SandboxTls | null;
}

/** What the nodes need besides. */
export interface NodesOptions extends MembersOptions {
  readonly links: NetworkLinks | null;
  /** How the nodes find each other where etcd is used; null where the master is named to the slaves. */
  readonly etcd: { readonly urls: string; readonly clusterId: string } | null;
  /** Another program than the apps', for tests. */
  readonly nodeMainFile: string | undefined;
  readonly bundles: string | undefined;
}

/** Starts the database servers of all nodes at the same time; none is left running where one fails. */
export async function startDatabases(
  stack: AsyncDisposableStack,
  options: MembersOptions,
): Promise<readonly DatabaseServer[]> {
  await prepareData(options);
  const databases = await openAll(
    options.plan.nodes.map((node, index) => startDatabase(node, index, options)),
  );
  stack.defer(() => step(options.onProgress, "database servers stopped", () => disposeAll(databases)));
  killAllAt(options.killSignal, databases);
  return databases;
}

/** Initialises new data folders, and says so where there are any: it takes longest of all. */
async function prepareData(options: MembersOptions): Promise<void> {
  const { directory, plan, program, templates } = options;
  const dataFolders = plan.nodes.map(({ nodeId }) => join(foldersOf(directory, nodeId).database, "data"));
  const startedMs = performance.now();
  if (!(await ensureDataDirectories(program, dataFolders, { templates }))) return;
  const text = `new data folders in ${directory}`;
  options.onProgress({ kind: "done", text, tookMs: performance.now() - startedMs });
}

async function startDatabase(
  node: NodePlan,
  index: number,
  options: MembersOptions,
): Promise<DatabaseServer> {
  const { database: directory } = foldersOf(options.directory, node.nodeId);
  try {
    return await step(
      options.onProgress,
      (server) =>
        `${node.nodeId}: ${FLAVOUR_NAMES[server.flavour]} ${server.version} on ${server.host}:${server.port}`,
      () =>
        openDatabaseServer({
          program: options.program,
          directory,
          serverId: index + 1,
          port: node.databasePort,
          durability: options.durability,
          // a master node opens its server by itself
          readOnly: true,
          extraArguments: options.tls?.databaseArguments(node.nodeId) ?? [],
          environment: options.environmentOf?.(node.nodeId, "database") ?? {},
        }),
    );
  } catch (error) {
    const words = messageOf(error);
    const advice = words.includes("--fresh")
      ? ""
      : ` (its folder: ${directory}; --fresh throws the sandbox's data away and begins anew)`;
    throw new UnderstudyError(
      errorCodeOf(error),
      `the database server of ${node.nodeId} did not start: ${words}${advice}`,
      { cause: error },
    );
  }
}

/** Starts the master's process, then those of the slaves at the same time, with etcd all at once; none is left running where one fails. */
export async function startNodes(
  stack: AsyncDisposableStack,
  databases: readonly DatabaseServer[],
  options: NodesOptions,
): Promise<readonly [SandboxNode, ...SandboxNode[]]> {
  const started: NodeProcess[] = [];
  stack.defer(() => step(options.onProgress, "nodes stopped", () => disposeAll(started)));
  const start = async (index: number): Promise<SandboxNode> => {
    const node = options.plan.nodes[index];
    const database = databases[index];
    const first = options.plan.nodes[0];
    if (!node || !database || !first) throw new UnderstudyError("internal", `no plan for node ${index}`);
    const process = await startNode(node, { database, master: index === 0 ? null : first, options });
    started.push(process);
    killAllAt(options.killSignal, [process]);
    return {
      nodeId: node.nodeId,
      role: index === 0 ? "master" : "slave",
      get url() {
        return process.url;
      },
      process,
      database,
    };
  };
  const startAll = async (indexes: readonly number[]): Promise<SandboxNode[]> => {
    const results = await Promise.allSettled(indexes.map(start));
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  };
  const indexes = [...options.plan.nodes.keys()];
  // with etcd a slave has nobody to wait for
  const [master, ...slaves] = options.etcd
    ? await startAll(indexes)
    : [await start(0), ...(await startAll(indexes.slice(1)))];
  if (!master) throw new UnderstudyError("internal", "a sandbox has no nodes");
  return [master, ...slaves];
}

async function startNode(
  node: NodePlan,
  context: {
    readonly database: DatabaseServer;
    readonly master: NodePlan | null;
    readonly options: NodesOptions;
  },
): Promise<NodeProcess> {
  const { database, master, options } = context;
  const folders = foldersOf(options.directory, node.nodeId);
  const app = master ? "slave" : "master";
  const { tls } = options;
  const links = options.links?.of(node.nodeId);
  const gate = links?.gate;
  return step(
    options.onProgress,
    // with etcd the nodes have yet to agree who leads
    (process) => `${node.nodeId}: ${options.etcd ? "node" : app} on ${process.url}`,
    () =>
      openNodeProcess({
        app,
        nodeId: node.nodeId,
        port: node.port,
        directory: folders.node,
        logFile: folders.log,
        speaksTls: tls !== null,
        ...(gate ? { beforeStart: () => gate.accept(), afterEnd: () => gate.refuse() } : {}),
        ...(options.nodeMainFile === undefined ? {} : { mainFile: options.nodeMainFile }),
        ...(options.bundles === undefined ? {} : { bundles: options.bundles }),
        environment: {
          UNDERSTUDY_DATABASE_URL: tls?.databaseUrl(node.nodeId, database.url) ?? database.url,
          UNDERSTUDY_DATA_DIR: folders.node,
          ...meetingPlace(master, options),
          ...tls?.nodeEnvironment(node.nodeId),
          ...links?.environment,
          ...options.nodeEnvironment,
          ...options.environmentOf?.(node.nodeId, "node"),
        },
      }),
  );
}

/** Where a node finds the others: in etcd, or at the master. */
function meetingPlace(
  master: NodePlan | null,
  { etcd, tls }: Pick<NodesOptions, "etcd" | "tls">,
): Record<string, string> {
  if (etcd) return { UNDERSTUDY_ETCD: etcd.urls, UNDERSTUDY_CLUSTER_ID: etcd.clusterId };
  return master ? { UNDERSTUDY_MASTER_URL: `${tls ? "https" : "http"}://127.0.0.1:${master.port}` } : {};
}
