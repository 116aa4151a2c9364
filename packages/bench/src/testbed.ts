import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ensureDataDirectories,
  findDatabaseProgram,
  openDatabaseServer,
  type DatabaseServer,
} from "@understudy/database-server";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import { openSandbox, waitUntilReplicating } from "@understudy/sandbox";
import { NativeReplica } from "./native-replica.ts";
import { OurReplica } from "./our-replica.ts";
import type { Replica } from "./replica.ts";
import { SqlSession } from "./sql-session.ts";
import { createTables } from "./workload.ts";

/** Worker counts of the native replicas. */
const NATIVE_WORKERS = [1, 4] as const;
const NATIVE_SERVER_ID_BASE = 100;

/**
 * One source with all replicas of a comparison: ours, native with one worker, native with four. They read the same binlog, so
 * that they get the same data by construction. All servers run with the same settings. No replica runs at first.
 */
export interface Testbed extends AsyncDisposable {
  readonly flavour: Flavour;
  readonly version: string;
  readonly source: DatabaseServer;
  /** For questions to the source and small writes. */
  readonly session: SqlSession;
  readonly ours: OurReplica;
  readonly natives: readonly NativeReplica[];
  /** Ours first. */
  readonly replicas: readonly Replica[];
}

/** Starts everything in a temporary folder, which goes with it. Aborting the signal kills it all at once. */
export async function openTestbed(flavour: Flavour, signal: AbortSignal): Promise<Testbed> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), `understudy-bench-${flavour}-`));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  // what is thrown away need not be shut down in order
  const kill = new AbortController();
  const killSignal = AbortSignal.any([kill.signal, signal]);
  const sandbox = stack.use(
    await openSandbox({
      directory: join(directory, "cluster"),
      flavour,
      slaves: 1,
      port: 0,
      durability: "relaxed",
      supervise: false,
      signal,
      killSignal,
    }),
  );
  await waitUntilReplicating(sandbox, { signal });
  const source = sandbox.master.database;
  const databases = await openNativeServers(stack, { flavour, directory, killSignal });
  const natives = await Promise.all(
    databases.map(({ database, workers }) => NativeReplica.open(database, { source, workers })),
  );
  const session = stack.use(await SqlSession.open(source));
  await createTables(session);
  const ours = new OurReplica(sandbox);
  await ours.stop();
  const owned = stack.move();
  return {
    flavour,
    version: source.version,
    source,
    session,
    ours,
    natives,
    replicas: [ours, ...natives],
    [Symbol.asyncDispose]: async () => {
      kill.abort();
      await owned.disposeAsync();
    },
  };
}

async function openNativeServers(
  stack: AsyncDisposableStack,
  options: { readonly flavour: Flavour; readonly directory: string; readonly killSignal: AbortSignal },
): Promise<readonly { readonly database: DatabaseServer; readonly workers: number }[]> {
  const { flavour, killSignal } = options;
  const program = await findDatabaseProgram(flavour);
  if (!program) throw new UnderstudyError("config-invalid", `no ${flavour} server program on this machine`);
  const plans = NATIVE_WORKERS.map((workers) => ({
    workers,
    directory: join(options.directory, `native${workers}`),
  }));
  await ensureDataDirectories(
    program,
    plans.map(({ directory }) => join(directory, "data")),
  );
  const opened = [];
  for (const { workers, directory } of plans) {
    const database = await openDatabaseServer({
      program,
      directory,
      serverId: NATIVE_SERVER_ID_BASE + workers,
      durability: "relaxed",
      readOnly: true,
    });
    stack.use(database);
    const killNow = (): void => {
      // whoever waits for the process sees its end
      database.killHard().catch(() => undefined);
    };
    if (killSignal.aborted) killNow();
    killSignal.addEventListener("abort", killNow, { once: true });
    opened.push({ database, workers });
  }
  return opened;
}
