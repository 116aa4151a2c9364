import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programPaths } from "@understudy/database-server";

const run = promisify(execFile);
const ASK_TIMEOUT_MS = 10_000;

/** An etcd program that was found on this machine. */
export interface EtcdProgram {
  readonly path: string;
  /** As the program itself says it, for example `3.4.23`. */
  readonly version: string;
}

/**
 * Finds etcd, 3.4 or later: what `UNDERSTUDY_ETCD_PROGRAM` names, else `etcd` on PATH and in the usual folders. Null where there
 * is none.
 */
export async function findEtcdProgram(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<EtcdProgram | null> {
  const named = environment["UNDERSTUDY_ETCD_PROGRAM"];
  const paths = named ? [named] : await programPaths(["etcd"], environment["PATH"] ?? "");
  for (const path of paths) {
    const version = await versionOf(path);
    if (version !== null) return { path, version };
  }
  return null;
}

/** Null where it can't be run, is something else, or is too old: etcd 3.3 answers JSON under other paths. */
async function versionOf(path: string): Promise<string | null> {
  try {
    const { stdout } = await run(path, ["--version"], { timeout: ASK_TIMEOUT_MS, env: etcdEnvironment() });
    return /^etcd Version: (3\.(?:[4-9]|\d\d)\.\d+)/m.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** Machines that etcd 3.4 runs on only when it is told that this is meant. */
const UNSUPPORTED: Partial<Record<string, string>> = { arm64: "arm64", arm: "arm" };

/** What etcd's process inherits: everything but the `ETCD_*` names, which it would take for settings. */
export function etcdEnvironment(): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith("ETCD_"),
  );
  const unsupported = UNSUPPORTED[process.arch];
  return {
    ...Object.fromEntries(inherited),
    ...(unsupported === undefined ? {} : { ETCD_UNSUPPORTED_ARCH: unsupported }),
  };
}
