import type { Flavour } from "@understudy/protocol";
import type { ServerSession } from "./server-session.ts";

/**
 * Holds all definitions as they are, so that what a dump reads late belongs to the position that it began with; rows of
 * transactional tables go on changing. MySQL: also accounts stand still. MariaDB: also non-transactional tables do, and one
 * session can hold it at a time. Ends with the session. Throws `snapshot-failed` where a DDL statement runs for over 10 s.
 */
export async function lockDefinitions(session: ServerSession, flavour: Flavour): Promise<void> {
  if (flavour === "mysql") await session.run("LOCK INSTANCE FOR BACKUP");
  else await session.run("BACKUP STAGE START", "BACKUP STAGE BLOCK_DDL");
}
