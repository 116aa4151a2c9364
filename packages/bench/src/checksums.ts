import type { DatabaseServer } from "@understudy/database-server";
import type { Replica } from "./replica.ts";
import { SqlSession } from "./sql-session.ts";
import type { Testbed } from "./testbed.ts";
import { TABLES } from "./workload.ts";

/** Compares every table of the replicas, which must be in sync, with the source's: a sentence for each that differs. */
export async function differencesOf(
  bed: Pick<Testbed, "source">,
  replicas: readonly Pick<Replica, "name" | "database">[],
): Promise<readonly string[]> {
  const wanted = await checksumsOf(bed.source);
  const found: string[] = [];
  for (const replica of replicas) {
    const actual = await checksumsOf(replica.database);
    for (const [table, text] of wanted) {
      const other = actual.get(table) ?? "nothing";
      if (other !== text) {
        found.push(`${replica.name} has lost or doubled rows: ${table} has ${other}, the source's ${text}`);
      }
    }
  }
  return found;
}

async function checksumsOf(server: DatabaseServer): Promise<ReadonlyMap<string, string>> {
  await using session = await SqlSession.open(server);
  const checksums = new Map<string, string>();
  for (const table of Object.values(TABLES)) {
    const [checksum] = await session.rows(`CHECKSUM TABLE ${table}`);
    const [count] = await session.rows(`SELECT COUNT(*) AS n FROM ${table}`);
    checksums.set(table, `${String(count?.["n"])} rows with checksum ${String(checksum?.["Checksum"])}`);
  }
  return checksums;
}
