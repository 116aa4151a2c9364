import { UnderstudyError } from "@understudy/protocol";
import type { RoleServices } from "../node-services.ts";

const MYSQL_8_4 = 80_400;

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
    if (flavour === "mysql" && versionNumber >= MYSQL_8_4) await session.run("RESET BINARY LOGS AND GTIDS");
    else await session.run("RESET MASTER");
    if (flavour === "mariadb") await session.run("SET GLOBAL gtid_slave_pos = ''");
  });
}
