import { quotedText, type ServerQuestions } from "@understudy/binlog";
import type { SnapshotEndpoint } from "./database-endpoint.ts";
import { MARK_SCHEMA } from "./server-schemas.ts";
import { ServerSession } from "./server-session.ts";

/** Says, in the server itself, that its contents are not whole. Survives everything but {@link removeMark}. */
export async function setMark(session: ServerSession): Promise<void> {
  await session.run(`CREATE DATABASE IF NOT EXISTS ${MARK_SCHEMA}`);
}

/** The last step of a restore. */
export async function removeMark(session: ServerSession): Promise<void> {
  await session.run(`DROP DATABASE ${MARK_SCHEMA}`);
}

/** True where the mark is there. */
export async function isMarked(session: ServerQuestions): Promise<boolean> {
  const rows = await session.rows(
    `SELECT 1 AS found FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${quotedText(MARK_SCHEMA)}`,
  );
  return rows.length > 0;
}

/**
 * True where a restore into this server began and did not come to its end: nothing in it may be used, and only another
 * restore makes it whole. Throws `database-unavailable` or `forbidden` where the server can't be asked.
 */
export async function isTornSnapshot(endpoint: SnapshotEndpoint, signal: AbortSignal): Promise<boolean> {
  using session = await ServerSession.open(endpoint, signal);
  return await isMarked(session);
}
