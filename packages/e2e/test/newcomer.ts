import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { openTestServer, reservePort, type DatabaseServer } from "@understudy/database-server";
import type { Flavour, Role } from "@understudy/protocol";
import { openNodeProcess, type NodeProcess } from "@understudy/sandbox";
import { ClusterNode } from "../src/cluster-node.ts";

/** A node that comes later, with a database server of its own. */
export interface Newcomer extends AsyncDisposable {
  readonly database: DatabaseServer;
  /** The settings by which it finds its database server and its data folder. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts it as a slave, or as `app` says; or starts it again under other settings. */
  start(environment: Readonly<Record<string, string>>, app?: Role): Promise<ClusterNode>;
  /** Stops it in order. */
  stop(): Promise<void>;
}

/** Starts the database server of `node4`, or of a node that goes by another's id. */
export async function openNewcomer(flavour: Flavour, nodeId = "node4", serverId = 44): Promise<Newcomer> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "understudy-newcomer-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const agent = stack.adopt(new Agent({ pipelining: 0 }), (it) => it.destroy());
  const database = stack.use(await openTestServer(flavour, { serverId }));
  const { port } = stack.use(await reservePort());
  let running: NodeProcess | null = null;
  stack.defer(async () => running?.killHard());
  const own = { UNDERSTUDY_DATABASE_URL: database.url, UNDERSTUDY_DATA_DIR: directory };
  const owned = stack.move();
  return {
    database,
    environment: own,
    async start(environment, app = "slave") {
      await running?.stop();
      running = await openNodeProcess({
        app,
        nodeId,
        port,
        directory,
        logFile: join(directory, "log.jsonl"),
        environment: { ...own, ...environment },
      });
      return new ClusterNode(
        { nodeId, role: app, url: running.url, process: running, database },
        agent,
        running.url,
      );
    },
    async stop() {
      await running?.stop();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
