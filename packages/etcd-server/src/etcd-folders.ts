import { join } from "node:path";
import { endLeftover } from "@understudy/database-server";

/** Where a member's things are, below its own folder. */
export interface EtcdFolders {
  readonly data: string;
  readonly log: string;
  readonly pidFile: string;
}

/** The places of the member with this folder. */
export function etcdFoldersOf(directory: string): EtcdFolders {
  return {
    data: join(directory, "data"),
    log: join(directory, "etcd.log"),
    pidFile: join(directory, "etcd.pid"),
  };
}

/** The option that names a member's folder on its command line, so that its process is told from a stranger's. */
export function dataOption(directory: string): string {
  return `--data-dir=${etcdFoldersOf(directory).data}`;
}

/** Ends what a killed parent left running of the member with this folder. */
export async function endLeftoverEtcd(directory: string): Promise<void> {
  await endLeftover(etcdFoldersOf(directory).pidFile, dataOption(directory));
}
