import { ServerError } from "@understudy/binlog";
import type { ComQuery } from "./com-query.ts";
import type { Session } from "./session.ts";
import type { ActionStep } from "./step.ts";

/**
 * Runs one packet of a transaction; where its statement ended with an error on the master, it must end with the same here. Rejects
 * with a `ServerError` where it does not, and as the session does.
 */
export async function runAction(session: Session, step: ActionStep, query: ComQuery): Promise<void> {
  let errno = 0;
  try {
    await session.plainQuery(query);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    if (step.tolerated.includes(error.errno)) return;
    if (step.expectedErrno === 0 || error.errno !== step.expectedErrno) throw error;
    errno = error.errno;
  }
  if (errno !== step.expectedErrno) {
    throw new ServerError(
      step.expectedErrno,
      "HY000",
      `it ended with error ${step.expectedErrno} on the master, but well here`,
    );
  }
}
