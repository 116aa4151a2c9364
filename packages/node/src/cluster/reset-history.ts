import { historyResetStatements } from "@understudy/binlog";
import { UnderstudyError } from "@understudy/protocol";
import type { RoleServices } from "../node-services.ts";

/**
 * Empties the GTID history of a fresh server, whose own set-up is all that it holds, so that it can take the master's from the
 * beginning. Throws `snapshot-required` where there is a user schema after all: nothing of a person's is ever thrown away here.
 */
export async function resetHistory({ executor }: RoleServices): Promise<void> {
  const databases = await executor.listDatabases();
  if (databases.length > 0) {
    throw new UnderstudyError(
      "snapshot-required",
      `this server is not fresh, it has ${databases.length} database(s): it needs a fresh copy of the data`,
    );
  }
  const { flavour, versionNumber } = executor.server;
  await executor.withAdmin(async (session) => {
    for (const sql of historyResetStatements(flavour, versionNumber)) await session.run(sql);
  });
}
