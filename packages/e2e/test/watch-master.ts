import { afterAll, afterEach, beforeAll } from "vitest";
import type { Flavour } from "@understudy/protocol";
import { startCluster, type Cluster, type ClusterNode } from "../src/index.ts";
import { Unharmed } from "./unharmed.ts";

/** What {@link watchMaster} starts. */
export interface WatchedMasterOptions {
  readonly flavour: Flavour;
  /** More `UNDERSTUDY_*` settings, by their full names. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Makes the schema that the tests run against. */
  readonly prepare: (master: ClusterNode) => Promise<void>;
}

/** A master alone, and the watch over it. */
export interface WatchedMaster {
  readonly master: ClusterNode;
  readonly unharmed: Unharmed;
}

/**
 * To be called inside a `describe`: starts a master without slaves for its tests, hands it over, and expects after each test that
 * nothing was written, and at the end that the whole server is as it was.
 */
export function watchMaster(options: WatchedMasterOptions, onReady: (watched: WatchedMaster) => void): void {
  let cluster: Cluster;
  let unharmed: Unharmed;

  beforeAll(async () => {
    const { flavour, environment = {} } = options;
    cluster = await startCluster({ flavour, slaves: 0, environment });
    const { master } = cluster;
    await options.prepare(master);
    unharmed = await Unharmed.open(master, flavour);
    onReady({ master, unharmed });
  });

  afterEach(async () => {
    await unharmed.expectNothingWritten();
  });

  afterAll(async () => {
    try {
      await unharmed.expectUnharmed();
    } finally {
      await unharmed[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    }
  });
}
