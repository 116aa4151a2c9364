import { quotedText } from "@understudy/binlog";
import type { ServerSession } from "./server-session.ts";

/**
 * Lets a MariaDB server begin another file of its binlog where the one that it writes to can't be read: a dump asks for the GTIDs of its
 * place there, and `mariadb-dump` ends by SIGSEGV where the server has none to tell (seen with 10.11).
 */
export async function leaveDamagedFile(session: ServerSession): Promise<void> {
  const [status] = await session.rows("SHOW MASTER STATUS");
  if (!status) return;
  const { File: file, Position: offset } = status;
  const place = `${quotedText(String(file))}, ${Number(offset)}`;
  const [told] = await session.rows(`SELECT BINLOG_GTID_POS(${place}) AS gtids`);
  if (told?.["gtids"] === null) await session.run("FLUSH LOCAL BINARY LOGS");
}
