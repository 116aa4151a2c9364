import type { ServerQuestions } from "@understudy/binlog";

/** What a session of a server's own or an idle one says of itself; anything else may be about to commit. */
const IDLE_COMMANDS: ReadonlySet<string> = new Set([
  "Sleep",
  "Daemon",
  "Binlog Dump",
  "Binlog Dump GTID",
  "Slave_IO",
  "Slave_SQL",
  "Slave_worker",
]);

/** True where a session other than the one that asks may still bring a write. */
export async function hasBusySession(server: ServerQuestions): Promise<boolean> {
  const [own] = await server.rows("SELECT CONNECTION_ID() AS id");
  const sessions = await server.rows("SHOW PROCESSLIST");
  return sessions.some(
    (session) =>
      String(session["Id"]) !== String(own?.["id"]) && !IDLE_COMMANDS.has(String(session["Command"])),
  );
}
