import { messageOf, systemClock } from "@understudy/kernel";
import type { RowDataPacket } from "mysql2/promise";
import type { Flavour } from "@understudy/protocol";
import { serverPosition } from "./server-position.ts";
import { rowsOf, sql, type SqlTarget } from "./sql.ts";

const POLL_MS = 20;

/** Whose position must be reached by whom, and within which time. */
export interface PositionWait {
  readonly from: SqlTarget;
  readonly on: readonly SqlTarget[];
  readonly timeoutMs: number;
}

/** Resolves when the database servers of `on` have all that the one of `from` has committed by now; else throws who is where. */
export async function waitForPosition(flavour: Flavour, wait: PositionWait): Promise<void> {
  const deadline = systemClock.monotonicMs() + wait.timeoutMs;
  const goal = await serverPosition(flavour, wait.from);
  const results = await Promise.all(wait.on.map((node) => reach(flavour, { node, goal, deadline })));
  const missing = results.filter((result) => result !== null);
  if (missing.length === 0) return;
  throw new Error(
    `not in sync within ${wait.timeoutMs / 1000} s: ${wait.from.nodeId} was at "${goal}", ${missing.join(", ")}`,
  );
}

/** Null when the node got there, else the words for where it is. */
async function reach(
  flavour: Flavour,
  target: { readonly node: SqlTarget; readonly goal: string; readonly deadline: number },
): Promise<string | null> {
  const { node, goal, deadline } = target;
  let place = "";
  do {
    try {
      const position = await serverPosition(flavour, node);
      if (await contains(flavour, { node, position, goal })) {
        if (flavour === "mysql" || (await showsWhatItLogged(node))) return null;
        place = `has logged "${position}", but not yet committed all of it`;
      } else {
        place = `is at "${position}"`;
      }
    } catch (error) {
      place = `can't be asked (${messageOf(error)})`;
    }
    await systemClock.sleep(POLL_MS);
  } while (systemClock.monotonicMs() < deadline);
  return `${node.nodeId} ${place}`;
}

/**
 * MariaDB counts a transaction into its position when it begins to write it into the binlog: seconds, for a large one,
 * before its rows can be seen. A consistent snapshot tells the place in the binlog up to which they can.
 */
async function showsWhatItLogged(node: SqlTarget): Promise<boolean> {
  const [end] = await rowsOf(node, "SHOW MASTER STATUS");
  await using connection = await sql(node);
  await connection.query("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  const [rows] = await connection.query<RowDataPacket[]>("SHOW STATUS LIKE 'binlog_snapshot_%'");
  const seen = new Map(rows.map((row) => [row["Variable_name"], row["Value"]]));
  const file = String(seen.get("Binlog_snapshot_file"));
  const logged = String(end?.["File"]);
  // the names end in a number of fixed width, and a later file follows an earlier one only once that one is committed
  if (file !== logged) return file > logged;
  return Number(seen.get("Binlog_snapshot_position")) >= Number(end?.["Position"]);
}

async function contains(
  flavour: Flavour,
  place: { readonly node: SqlTarget; readonly position: string; readonly goal: string },
): Promise<boolean> {
  if (flavour === "mysql") {
    const [row] = await rowsOf(place.node, "SELECT GTID_SUBSET(?, ?) AS yes", [place.goal, place.position]);
    return Number(row?.["yes"]) === 1;
  }
  const reached = sequencesOf(place.position);
  return [...sequencesOf(place.goal)].every(([domain, sequence]) => (reached.get(domain) ?? -1n) >= sequence);
}

/** Domain → sequence number of a MariaDB GTID list such as `0-1-100,2-1-5`. */
function sequencesOf(list: string): ReadonlyMap<string, bigint> {
  const entries = list.split(",").filter(Boolean);
  return new Map(
    entries.map((entry) => {
      const [domain = "", , sequence = "0"] = entry.split("-");
      return [domain, BigInt(sequence)];
    }),
  );
}
