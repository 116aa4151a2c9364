import { join } from "node:path";
import { endLeftover } from "@understudy/database-server";
import { endLeftoverEtcd } from "@understudy/etcd-server";
import { endLeftoverNode } from "./node-process.ts";
import { etcdFoldersIn, foldersOf, nodeIdsIn } from "./sandbox-folder.ts";

/**
 * Ends the processes that a killed parent left running in a sandbox's folder, the nodes before their
 * database servers and etcd.
 * The folder's lock must be held, else a living sandbox would be shot down.
 */
export async function endLeftovers(directory: string): Promise<void> {
  const folders = (await nodeIdsIn(directory)).map((nodeId) => foldersOf(directory, nodeId));
  await Promise.all(folders.map(({ node }) => endLeftoverNode(node)));
  await Promise.all([
    ...folders.map(({ database }) =>
      endLeftover(join(database, "server.pid"), `--datadir=${join(database, "data")}`),
    ),
    ...(await etcdFoldersIn(directory)).map(endLeftoverEtcd),
  ]);
}
