import type { Logger } from "@understudy/kernel";
import { backticked } from "@understudy/binlog";
import { classifyServerError } from "./server-error.ts";
import type { ServerSession } from "./server-session.ts";
import type { ViewRecord } from "./view-record.ts";

/** What the server needs of a view's own settings to record them; others have to be sent in the connection's character set. */
const ASCII = /^[\0-\x7f]*$/;

/**
 * Makes the copy's views, in rounds: one that needs another waits for it. A view that can't be made, since what it reads is gone on the
 * source as well, is put in as one that fails likewise when it is read, so that what is done to it later can be replicated; the log says so.
 */
export async function restoreViews(
  session: ServerSession,
  views: readonly ViewRecord[],
  logger: Logger,
): Promise<void> {
  let waiting = views;
  for (;;) {
    const failed: { readonly view: ViewRecord; readonly error: unknown }[] = [];
    for (const view of waiting) {
      try {
        await makeView(session, view);
      } catch (error) {
        if (classifyServerError(error).code !== "snapshot-failed") throw error;
        failed.push({ view, error });
      }
    }
    if (failed.length === 0) return;
    if (failed.length < waiting.length) {
      waiting = failed.map(({ view }) => view);
      continue;
    }
    for (const { view, error } of failed) {
      await makeBrokenView(session, view);
      const { message } = classifyServerError(error);
      logger.warn(
        { event: "snapshot-view-broken", schema: view.schema, view: view.name },
        `a view reads what is not there, on the source as well, and its text could not be kept: ${message}`,
      );
    }
    return;
  }
}

async function makeView(session: ServerSession, view: ViewRecord): Promise<void> {
  const { create, characterSet, collation } = view;
  await session.run(
    ASCII.test(create)
      ? `SET SESSION character_set_client=${characterSet}, collation_connection=${collation}`
      : "SET NAMES utf8mb4",
  );
  try {
    await session.run(create);
  } finally {
    await session.run("SET NAMES utf8mb4");
  }
}

async function makeBrokenView(session: ServerSession, { schema, name }: ViewRecord): Promise<void> {
  const stub = `${backticked(schema)}.${backticked("understudy_gone")}`;
  await session.run(
    `CREATE TABLE ${stub} (gone INT)`,
    `CREATE VIEW ${backticked(schema)}.${backticked(name)} AS SELECT gone FROM ${stub}`,
    `DROP TABLE ${stub}`,
  );
}
