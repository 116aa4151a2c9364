import { resolve } from "node:path";
import { findDatabaseProgram, type DatabaseProgram } from "@understudy/database-server";
import { BackgroundLoop, messageOf, systemClock, systemRandom, type Random } from "@understudy/kernel";
import { FLAVOURS, UnderstudyError, type Flavour } from "@understudy/protocol";
import { endLeftovers } from "./leftovers.ts";
import { clearSandbox, LAYOUT_VERSION, readPlan, writePlan, type SandboxPlan } from "./sandbox-folder.ts";
import { openSandboxLock } from "./sandbox-lock.ts";
import { openNetworkLinks } from "./network-links.ts";
import type { SandboxNode } from "./sandbox-node.ts";
import { planPorts } from "./sandbox-ports.ts";
import type { SandboxProgress } from "./sandbox-progress.ts";
import { FLAVOUR_NAMES } from "./flavour-names.ts";
import { startDatabases, startNodes, type MembersOptions } from "./start-members.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { supervise } from "./supervise.ts";

/** What {@link openSandbox} starts. */
export interface SandboxOptions {
  /** Made where it is missing. A folder of an earlier run goes on with its data. */
  readonly directory: string;
  /** Default: what the folder holds, else MariaDB where it is found, else MySQL. */
  readonly flavour?: Flavour;
  /** Default: as many as the folder holds, else 2. */
  readonly slaves?: number;
  /** Port of the master; the slaves follow. 0 for any free ones. */
  readonly port: number;
  /** Throw away what an earlier run left in the folder. */
  readonly fresh?: boolean;
  readonly logLevel?: string;
  /** Default `full`; `relaxed` survives a crash of processes only. */
  readonly durability?: "full" | "relaxed";
  /** More `UNDERSTUDY_*` settings for every node, by their full names. */
  readonly nodeEnvironment?: Readonly<Record<string, string>>;
  /** Start again what ends unexpectedly. Must be false where a test kills processes by intent. */
  readonly supervise: boolean;
  /** Joins all parties by proxies, whose faults are drawn from `random`: see {@link Sandbox.proxies}. */
  readonly proxies?: { readonly random: Random };
  readonly onProgress?: (progress: SandboxProgress) => void;
  /** Gives up a start between two of its steps; what was started is stopped again. */
  readonly signal?: AbortSignal;
  /** Kills at once whatever runs, also in the midst of an orderly stop. */
  readonly killSignal?: AbortSignal;
}

const SLAVES_DEFAULT = 2;

/** A running cluster on this machine. Disposal stops the nodes, then the database servers, and keeps the folder. */
export interface Sandbox extends AsyncDisposable {
  readonly directory: string;
  readonly flavour: Flavour;
  /** The master first. */
  readonly nodes: readonly SandboxNode[];
  readonly master: SandboxNode;
  readonly slaves: readonly SandboxNode[];
  /**
   * With the option of that name, a proxy between every two parties: `client>node2`, `node2>node1` (what a slave sends to its master),
   * `node1>node2` (deliveries), `node2>database2`. Clients have to go through theirs of themselves.
   */
  readonly proxies: ReadonlyMap<string, TcpProxy>;
}

/**
 * Starts database servers and nodes in a folder and resolves when every process answers (not: when all replicate, see
 * `waitUntilReplicating`). A start that fails leaves nothing running. Throws `config-invalid` for a folder or port that can't be
 * used, `database-unavailable` or `starting` with the last words of what did not start.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const directory = resolve(options.directory);
  const onProgress = options.onProgress ?? (() => undefined);
  await using stack = new AsyncDisposableStack();
  stack.use(await openSandboxLock(directory));
  const { plan, program } = await settlePlan(stack, directory, options);
  options.signal?.throwIfAborted();
  onProgress({ kind: "begin", text: `${describe(plan, program)} in ${directory}` });
  const members: MembersOptions = {
    directory,
    plan,
    program,
    durability: options.durability ?? "full",
    nodeEnvironment: {
      ...(options.logLevel ? { UNDERSTUDY_LOG_LEVEL: options.logLevel } : {}),
      ...options.nodeEnvironment,
    },
    onProgress,
    killSignal: options.killSignal,
  };
  const databases = await startDatabases(stack, members);
  options.signal?.throwIfAborted();
  const links = options.proxies
    ? await openNetworkLinks(stack, { nodes: plan.nodes, databases, random: options.proxies.random })
    : null;
  const nodes = await startNodes(stack, databases, { ...members, links });
  options.signal?.throwIfAborted();
  if (options.supervise) superviseAll(stack, nodes, onProgress);

  const [master, ...slaves] = nodes;
  const owned = stack.move();
  return {
    directory,
    flavour: plan.flavour,
    nodes,
    master,
    slaves,
    proxies: links?.proxies ?? new Map(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Decides flavour, nodes and ports, and saves them; ends leftovers of an earlier run before. */
async function settlePlan(
  stack: AsyncDisposableStack,
  directory: string,
  options: SandboxOptions,
): Promise<{ plan: SandboxPlan; program: DatabaseProgram }> {
  await endLeftovers(directory);
  if (options.fresh) await clearSandbox(directory);
  const earlier = await readPlan(directory);
  if (earlier && options.flavour && options.flavour !== earlier.flavour) {
    throw new UnderstudyError(
      "config-invalid",
      `${directory} holds ${earlier.flavour} data, so it can't be started with --flavour ${options.flavour}; leave the option out, name another folder with --dir, or start with --fresh to throw the data away`,
    );
  }
  const program = await findProgram(options.flavour ?? earlier?.flavour);
  const slaves = options.slaves ?? (earlier ? earlier.nodes.length - 1 : SLAVES_DEFAULT);
  const nodeIds = Array.from({ length: slaves + 1 }, (_, index) => `node${index + 1}`);
  const nodes = await planPorts(stack, { nodeIds, port: options.port, earlier: earlier?.nodes ?? [] });
  const plan = { version: LAYOUT_VERSION, flavour: program.flavour, nodes };
  await writePlan(directory, plan);
  return { plan, program };
}

async function findProgram(wanted: Flavour | undefined): Promise<DatabaseProgram> {
  for (const flavour of wanted ? [wanted] : FLAVOURS.toReversed()) {
    const program = await findDatabaseProgram(flavour);
    if (program) return program;
  }
  throw new UnderstudyError(
    "config-invalid",
    `no ${wanted ?? "MariaDB or MySQL"} server program was found on this machine; \`npm start\` tells how to get one, UNDERSTUDY_MARIADBD and UNDERSTUDY_MYSQLD name one`,
  );
}

function describe({ nodes }: SandboxPlan, { flavour, version }: DatabaseProgram): string {
  const slaves = nodes.length === 2 ? "1 slave" : `${nodes.length - 1} slaves`;
  return `a master and ${slaves} on ${FLAVOUR_NAMES[flavour]} ${version}`;
}

/** Watches all processes; comes last on the stack, so that the watching ends before anything is stopped. */
function superviseAll(
  stack: AsyncDisposableStack,
  nodes: readonly SandboxNode[],
  onProgress: (progress: SandboxProgress) => void,
): void {
  const targets = nodes.flatMap((node) => [
    { name: `the database server of ${node.nodeId}`, target: node.database },
    { name: node.nodeId, target: node.process },
  ]);
  for (const { name, target } of targets) {
    const options = { name, clock: systemClock, random: systemRandom, onProgress };
    const loop = new BackgroundLoop(
      (signal) => supervise(target, options, signal),
      (error) =>
        onProgress({ kind: "trouble", text: `${name} is not watched any more: ${messageOf(error)}` }),
    );
    stack.use(loop);
  }
}
