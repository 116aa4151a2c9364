import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isObject } from "@understudy/kernel";
import type { EtcdPorts } from "@understudy/etcd-server";
import { FLAVOURS, UnderstudyError, type Flavour } from "@understudy/protocol";

/** Version of the folder's layout. What was added since it was given is optional. */
export const LAYOUT_VERSION = 1;

/** What `sandbox.json` says: who is where in this sandbox. The first node is the master. */
export interface SandboxPlan {
  readonly version: number;
  readonly flavour: Flavour;
  readonly nodes: readonly NodePlan[];
  /** The etcd that the nodes agree by; stays here when a later start does without. */
  readonly etcd?: EtcdPlan;
}

/** The etcd of a {@link SandboxPlan}. */
export interface EtcdPlan {
  /** What the nodes' keys are under; null until the first start has asked the database servers for the name that they may have. */
  readonly clusterId: string | null;
  readonly members: readonly EtcdPorts[];
}

/** One node of a {@link SandboxPlan}. */
export interface NodePlan {
  readonly nodeId: string;
  readonly port: number;
  readonly databasePort: number;
}

const PLAN_FILE = "sandbox.json";
/** Name of the lock file inside a sandbox's folder. */
export const LOCK_FILE = "sandbox.lock";
const NODE_FOLDER = /^node\d+$/;
const ETCD_FOLDER = /^etcd\d+$/;

/** The folders of one node: `<dir>/<nodeId>/{database,node,node.log}`. */
export interface NodeFolders {
  readonly database: string;
  readonly node: string;
  readonly log: string;
}

/** Where a node's things are. */
export function foldersOf(directory: string, nodeId: string): NodeFolders {
  return {
    database: join(directory, nodeId, "database"),
    node: join(directory, nodeId, "node"),
    log: join(directory, nodeId, "node.log"),
  };
}

/**
 * What a folder holds: a sandbox's plan, or null where it is new (missing or empty). Throws `config-invalid` with one sentence
 * where it is something else, damaged, or of another version.
 */
export async function readPlan(directory: string): Promise<SandboxPlan | null> {
  const text = await readText(join(directory, PLAN_FILE));
  if (text === null) {
    if ((await entriesOf(directory)).every((name) => name.startsWith(LOCK_FILE))) return null;
    throw new UnderstudyError(
      "config-invalid",
      `${directory} is not a sandbox's folder: it holds other files and no ${PLAN_FILE}; name an empty or new one with --dir`,
    );
  }
  const plan = parsePlan(text);
  if (!plan) {
    throw new UnderstudyError(
      "config-invalid",
      `${join(directory, PLAN_FILE)} is damaged; start with --fresh to throw this sandbox away and begin anew`,
    );
  }
  if (plan.version !== LAYOUT_VERSION) {
    throw new UnderstudyError(
      "config-invalid",
      `${directory} was made by another version of Understudy (layout ${plan.version}, this one has ${LAYOUT_VERSION}); start with --fresh to begin anew, or name another folder with --dir`,
    );
  }
  return plan;
}

/** Saves the plan, whole or not at all. */
export async function writePlan(directory: string, plan: SandboxPlan): Promise<void> {
  await mkdir(directory, { recursive: true });
  const draft = join(directory, `${PLAN_FILE}.draft`);
  await writeFile(draft, `${JSON.stringify(plan, null, 2)}\n`);
  await rename(draft, join(directory, PLAN_FILE));
}

/** The folders of etcd's members that are here, whatever the plan says. */
export async function etcdFoldersIn(directory: string): Promise<readonly string[]> {
  const names = (await entriesOf(directory)).filter((name) => ETCD_FOLDER.test(name));
  return names.map((name) => join(directory, name));
}

/** The nodes that have a folder here, whatever the plan says. */
export async function nodeIdsIn(directory: string): Promise<readonly string[]> {
  return (await entriesOf(directory)).filter((name) => NODE_FOLDER.test(name));
}

/**
 * Removes what a sandbox has put into its folder, and nothing else. Throws `config-invalid` where the folder holds files but no
 * `sandbox.json`. Leftover processes must be gone by then.
 */
export async function clearSandbox(directory: string): Promise<void> {
  if ((await readText(join(directory, PLAN_FILE))) === null) {
    await readPlan(directory);
    return;
  }
  const nodes = (await nodeIdsIn(directory)).map((nodeId) => join(directory, nodeId));
  for (const folder of [...nodes, ...(await etcdFoldersIn(directory))]) {
    await rm(folder, { recursive: true, force: true });
  }
  // last, so that an interrupted removal is still known as a sandbox
  await rm(join(directory, PLAN_FILE), { force: true });
}

function parsePlan(text: string): SandboxPlan | null {
  try {
    const value: unknown = JSON.parse(text);
    return isPlan(value) ? value : null;
  } catch {
    return null;
  }
}

function isPlan(value: unknown): value is SandboxPlan {
  if (!isObject(value) || !Number.isInteger(value["version"]) || !Array.isArray(value["nodes"])) return false;
  if (value["nodes"].length === 0) return false;
  if (value["etcd"] !== undefined && !isEtcdPlan(value["etcd"])) return false;
  return FLAVOURS.some((flavour) => flavour === value["flavour"]) && value["nodes"].every(isNodePlan);
}

function isNodePlan(value: unknown): value is NodePlan {
  if (!isObject(value) || typeof value["nodeId"] !== "string" || !NODE_FOLDER.test(value["nodeId"]))
    return false;
  return [value["port"], value["databasePort"]].every((port) => Number.isInteger(port));
}

function isEtcdPlan(value: unknown): value is EtcdPlan {
  if (!isObject(value) || !Array.isArray(value["members"]) || value["members"].length === 0) return false;
  const { clusterId, members } = value;
  return (clusterId === null || typeof clusterId === "string") && members.every(isEtcdPorts);
}

function isEtcdPorts(value: unknown): value is EtcdPorts {
  return isObject(value) && [value["client"], value["peer"]].every((port) => Number.isInteger(port));
}

async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => name !== `${PLAN_FILE}.draft`);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new UnderstudyError("config-invalid", `${directory} can't be read as a folder`, { cause: error });
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
}
