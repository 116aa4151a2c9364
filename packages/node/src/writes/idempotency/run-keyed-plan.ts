import type { SqlExecutor } from "@understudy/sql-executor";
import { runPlan, type PlanExecutor } from "../run-plan.ts";
import type { WritePlan } from "../write-plan.ts";
import type { KeyedOutcome, KeyedRequest } from "./keyed-request.ts";
import type { KeyedWrites } from "./keyed-writes.ts";
import { statementKindOf } from "./statement-kind.ts";

/** What {@link runKeyedPlan} needs of the master. */
export interface KeyedPlanRunner {
  readonly keyed: Pick<KeyedWrites, "run" | "runAlone">;
  readonly executor: PlanExecutor & Pick<SqlExecutor, "commitsByItself">;
}

/** Runs a write under a key: in one transaction with its answer where it can be, else between two words of its own. */
export async function runKeyedPlan(
  { keyed, executor }: KeyedPlanRunner,
  plan: WritePlan,
  request: KeyedRequest,
): Promise<KeyedOutcome> {
  if (plan.kind === "execute" && executor.commitsByItself(plan.options.sql)) {
    const kind = statementKindOf(plan.options.sql);
    return await keyed.runAlone(request, kind, () => runPlan(executor, plan));
  }
  return await keyed.run(request, (keep) => runPlan(executor, plan, keep));
}
