import { parseGtidPosition, readExecutedPosition, type GtidPosition } from "@understudy/binlog";
import type { Clock } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { SqlExecutor, SqlSession } from "@understudy/sql-executor";

/** How often a MariaDB server is asked whether it shows what it has logged, and the pause between. */
const TRIES = 12;
const PAUSE_MS = 2;

/**
 * A position whose transactions every query sees that begins afterwards, asked from the server; null where it does not yet show
 * what it has logged. MySQL counts a transaction into `gtid_executed` after its commit. MariaDB counts it into its position
 * while it writes it into the binlog, which is before: there a consistent snapshot tells up to where the rows can be seen.
 */
export async function askVisiblePosition(executor: SqlExecutor, clock: Clock): Promise<GtidPosition | null> {
  const { flavour } = executor.server;
  return executor.withAdmin(async (session) => {
    const position = await readExecutedPosition(session, flavour);
    if (flavour === "mysql") return position;
    const [end] = await session.rows("SHOW MASTER STATUS");
    const logged = { file: String(end?.["File"]), offset: Number(end?.["Position"]) };
    for (let attempt = 1; ; attempt++) {
      if (isReached(await askSnapshot(session), logged)) return position;
      if (attempt === TRIES) return null;
      await clock.sleep(attempt * PAUSE_MS);
    }
  });
}

/** A place in a server's binlog. */
interface Place {
  readonly file: string;
  readonly offset: number;
}

/** The place up to which a snapshot that is taken now shows what is logged. */
async function askSnapshot(session: SqlSession): Promise<Place> {
  await session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  const rows = await session.rows("SHOW STATUS LIKE 'binlog_snapshot_%'");
  await session.run("COMMIT");
  const seen = new Map(rows.map((row) => [String(row["Variable_name"]).toLowerCase(), row["Value"]]));
  return {
    file: String(seen.get("binlog_snapshot_file")),
    offset: Number(seen.get("binlog_snapshot_position")),
  };
}

/** The files' names end in a number of fixed width, and a later file follows an earlier one only once that one is committed. */
function isReached(snapshot: Place, logged: Place): boolean {
  if (snapshot.file !== logged.file) return snapshot.file > logged.file;
  return snapshot.offset >= logged.offset;
}

/**
 * A position that has all that a query can have seen before this call: on MySQL also what is being committed just now, which
 * may be seen a moment before it is counted.
 */
export async function askSeenPosition(executor: SqlExecutor): Promise<GtidPosition> {
  const { flavour } = executor.server;
  return executor.withAdmin(async (session) => {
    if (flavour === "mariadb") return readExecutedPosition(session, flavour);
    // first what is under way: what leaves it before the second question is in that one's answer
    const [row] = await session.rows("SELECT @@GLOBAL.gtid_owned AS owned");
    const executed = await readExecutedPosition(session, flavour);
    return executed.union(ownedPosition(flavour, String(row?.["owned"] ?? "")));
  });
}

/** `uuid:23#8,uuid:24#9`: GTIDs, each with the session that commits it. */
function ownedPosition(flavour: Flavour, owned: string): GtidPosition {
  return parseGtidPosition(flavour, owned.replaceAll(/#\d+/g, ""));
}
