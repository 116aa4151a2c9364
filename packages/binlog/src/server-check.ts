import type { ServerQuestions } from "./server-questions.ts";
/** Outcome of {@link checkServerForBinlog}. */
export interface ServerCheck {
  /** One plain sentence each. */
  readonly warnings: string[];
}
/** Checks that a server writes a binlog that can be replicated. Throws `server-unsuitable` naming every missing setting. */
export async function checkServerForBinlog(_questions: ServerQuestions): Promise<ServerCheck> {
  throw new Error("coming");
}
