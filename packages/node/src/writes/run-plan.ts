import type { Committed, NodeStatement, SqlExecutor } from "@understudy/sql-executor";
import { inDatabase } from "../routes/unknown-database.ts";
import type { WritePlan } from "./write-plan.ts";

/** What a write did, and its answer but for the receipt. */
export interface Written extends Committed {
  readonly answer: object;
}

/** What {@link runPlan} needs of the executor. */
export type PlanExecutor = Pick<SqlExecutor, "execute" | "batch" | "describeDatabase">;

/**
 * Runs a write on this node's own database. `keep` makes of the answer a statement of the node's own that is committed with the
 * write or not at all.
 */
export async function runPlan(
  executor: PlanExecutor,
  plan: WritePlan,
  keep?: (answer: object) => NodeStatement,
): Promise<Written> {
  if (plan.kind === "batch") {
    const { results, gtid, retries } = await executor.batch({
      ...plan.options,
      beforeCommit: keep && ((done) => keep(plan.answerOf(done))),
    });
    return { gtid, retries, answer: plan.answerOf(results) };
  }
  const run = async (): Promise<Written> => {
    const { gtid, retries, ...done } = await executor.execute({
      ...plan.options,
      beforeCommit: keep && ((change) => keep(plan.answerOf(change))),
    });
    return { gtid, retries, answer: plan.answerOf(done) };
  };
  return plan.database === undefined ? run() : inDatabase(executor, plan.database, run);
}
