import type { Flavour } from "@understudy/protocol";
import type { GtidPosition } from "./gtid-position.ts";
import type { ServerQuestions } from "./server-questions.ts";
/** Where the server's history ends. */
export async function readExecutedPosition(
  _questions: ServerQuestions,
  _flavour: Flavour,
): Promise<GtidPosition> {
  throw new Error("coming");
}
/** What is no longer in the server's binlog: a reader must have all of it. */
export async function readPurgedPosition(
  _questions: ServerQuestions,
  _flavour: Flavour,
): Promise<GtidPosition> {
  throw new Error("coming");
}
