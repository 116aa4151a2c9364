import { readExecutedPosition } from "@understudy/binlog";
import type { Flavour } from "@understudy/protocol";
import type { SqlSession } from "@understudy/sql-executor";
import { isMissing } from "./is-missing.ts";

/** Where an epoch's own history begins: what its master had as it began to lead, and with it all that survived of the epochs before. */
export interface EpochRecord {
  readonly epoch: bigint;
  readonly nodeId: string;
  /** GTID set or list. */
  readonly startGtid: string;
  /** MariaDB: the last transaction of every server in every domain, since its GTID list names only the last of a domain; else empty. */
  readonly startState: string;
}

/** All epochs that this database knows of, the oldest first; none where its cluster is older than the table. */
export async function readEpochs(session: SqlSession): Promise<EpochRecord[]> {
  try {
    const rows = await session.rows(
      "SELECT epoch, node_id, start_gtid, start_state FROM understudy.epochs ORDER BY epoch",
    );
    return rows.map((row) => ({
      epoch: BigInt(String(row["epoch"])),
      nodeId: String(row["node_id"]),
      startGtid: String(row["start_gtid"]),
      startState: String(row["start_state"]),
    }));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Where this server's history ends, to be asked before the first write of a new epoch. */
export async function askEpochStart(
  session: SqlSession,
  flavour: Flavour,
): Promise<Pick<EpochRecord, "startGtid" | "startState">> {
  const position = await readExecutedPosition(session, flavour);
  if (flavour === "mysql") return { startGtid: position.toString(), startState: "" };
  const [row] = await session.rows("SELECT @@GLOBAL.gtid_binlog_state AS state");
  return { startGtid: position.toString(), startState: String(row?.["state"] ?? "") };
}

/** Notes an epoch. */
export async function insertEpoch(session: SqlSession, record: EpochRecord): Promise<void> {
  await session.run(
    `INSERT INTO understudy.epochs (epoch, node_id, start_gtid, start_state, began_at)
     VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))`,
    [record.epoch, record.nodeId, record.startGtid, record.startState],
  );
}
