import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Flavour } from "@understudy/protocol";

const LIBRARY = "libfaketimeMT.so.1";

/** Why wall clocks can't be stepped here, in a sentence; null where they can. */
export function noFakeClocks(): string | null {
  return libraryPath() === null
    ? "steps of the wall clock need libfaketime (Debian: apt-get install libfaketime)"
    : null;
}

/**
 * Wall clocks that can be stepped, one for each node and, on MariaDB, its database server: MySQL 9 does not come up under libfaketime.
 * Clocks that only count on are left alone.
 */
export class FakeClocks {
  /** Whether database servers have them, too. */
  readonly areServers: boolean;
  readonly #directory: string;

  /** The folder holds what the processes read their clocks from. */
  constructor(directory: string, flavour: Flavour) {
    this.areServers = flavour === "mariadb";
    this.#directory = directory;
  }

  /** What a process of this node is to be started with. */
  environmentOf(nodeId: string, process: "node" | "database"): Readonly<Record<string, string>> {
    if (process === "database" && !this.areServers) return {};
    return {
      LD_PRELOAD: libraryPath() ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#fileOf(nodeId),
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Puts a node's clocks so many seconds before (or, below 0, behind) the machine's. They notice within a second. */
  async step(nodeId: string, seconds: number): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const path = this.#fileOf(nodeId);
    // whole or not at all
    await writeFile(`${path}.draft`, `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}\n`);
    await rename(`${path}.draft`, path);
  }

  #fileOf(nodeId: string): string {
    return join(this.#directory, `clock-${nodeId}`);
  }
}

/** Where Debian and others put it; null where it is not. */
function libraryPath(): string | null {
  const folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].flatMap((folder) => [
    folder,
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ]);
  return folders.map((folder) => join(folder, "faketime", LIBRARY)).find(existsSync) ?? null;
}
