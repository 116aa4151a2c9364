import type { Logger } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import type { ServerSession } from "./server-session.ts";

/**
 * Lets a restore write to a server that is locked for writing, and keeps its scheduler from running what comes with the copy. On
 * disposal the server is locked again as it was; the scheduler stays off, as it has to be on a slave.
 */
export async function openForRestore(
  session: ServerSession,
  flavour: Flavour,
  logger: Logger,
): Promise<AsyncDisposable> {
  if ((await session.value("SELECT @@GLOBAL.event_scheduler")).toUpperCase() === "ON") {
    await session.run("SET GLOBAL event_scheduler=OFF");
    logger.warn(
      { event: "snapshot-scheduler-off" },
      "the event scheduler was turned off: on a slave it has to be",
    );
  }
  const isLocked = flavour === "mysql" && (await session.value("SELECT @@GLOBAL.super_read_only")) === "1";
  // read_only stays on meanwhile, so only accounts with all rights can write
  if (isLocked) await session.run("SET GLOBAL super_read_only=OFF");
  return {
    [Symbol.asyncDispose]: async () => {
      if (isLocked) await session.run("SET GLOBAL super_read_only=ON");
    },
  };
}
