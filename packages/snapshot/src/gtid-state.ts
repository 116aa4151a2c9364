import { quotedText, readExecutedPosition, readPurgedPosition } from "@understudy/binlog";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { ServerSession } from "./server-session.ts";
import type { SnapshotHeader } from "./snapshot-header.ts";

/**
 * Gives an emptied server the history that its contents have: all of it executed, none of it in its binlog. Throws `snapshot-failed`
 * where somebody has written to the server since it was emptied.
 */
export async function setGtidState(
  session: ServerSession,
  flavour: Flavour,
  { position, binlogState }: Pick<SnapshotHeader, "position" | "binlogState">,
): Promise<void> {
  const before = await readExecutedPosition(session, flavour);
  if (!before.isEmpty()) {
    throw new UnderstudyError(
      "snapshot-failed",
      `somebody wrote to this server while it was being restored (${before.toString()}); it starts over`,
    );
  }
  if (!position.isEmpty()) {
    await session.run(
      flavour === "mysql"
        ? `SET GLOBAL gtid_purged = ${quotedText(position.toString())}`
        : `SET GLOBAL gtid_binlog_state = ${quotedText(binlogState)}`,
    );
  }
  for (const read of [readExecutedPosition, readPurgedPosition]) {
    const actual = await read(session, flavour);
    if (!actual.equals(position)) {
      throw new UnderstudyError(
        "snapshot-failed",
        `the server does not take the copy's position ${position.toString()}: it says ${actual.toString()}`,
      );
    }
  }
}
