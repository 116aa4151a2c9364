import type { NodeClient } from "@understudy/client";
import { messageOf } from "@understudy/kernel";
import {
  isUnderstudyError,
  UnderstudyError,
  type Job,
  type PlanAnswer,
  type QuarantineListAnswer,
} from "@understudy/protocol";
import type { ViewContext } from "../../app/view-context.ts";
import { requestJson } from "../../live/node-request.ts";
import type { Slot } from "../../state/slot.ts";
import { TABLE_START, type TableModel } from "../../widgets/table-model.ts";

const ASK_MS = 3_000;
/** Every node is asked for it, which is not to be done each second. */
const QUARANTINE_EVERY_MS = 10_000;
const QUARANTINE_ASK_MS = 10_000;
const QUARANTINE_LIMIT = 500;

/** What the view knows beyond the cluster. */
export interface FailoverState {
  readonly plan: PlanAnswer | null;
  /** Why there is no newer plan; null where there is one. */
  readonly planTrouble: string | null;
  /** Whether the master says that it leads: null for yes, else why not; undefined before it was asked. */
  readonly lease: string | null | undefined;
  readonly quarantine: Pick<QuarantineListAnswer, "entries" | "unreachable"> | null;
  readonly quarantineTrouble: string | null;
  /** Monotonic; null: to be asked at once. */
  readonly quarantineAtMs: number | null;
  /** The switchover that was begun here. */
  readonly job: Job | null;
  /** Why it can't be told how that one goes. */
  readonly jobTrouble: string | null;
  readonly entries: TableModel;
  readonly history: TableModel;
}

export const FAILOVER: Slot<FailoverState> = {
  id: "failover.state",
  initial: {
    plan: null,
    planTrouble: null,
    lease: undefined,
    quarantine: null,
    quarantineTrouble: null,
    quarantineAtMs: null,
    job: null,
    jobTrouble: null,
    entries: TABLE_START,
    history: TABLE_START,
  },
};

/** Asks for the plan, the master's word on its lease, the job under way and, less often, the quarantine. Each puts in what it got. */
export async function loadFailover(context: ViewContext, signal: AbortSignal): Promise<void> {
  const node = context.services.node();
  if (!node) return;
  await Promise.all([
    loadPlan(context, node, signal),
    loadLease(context, node, signal),
    loadJob(context, node, signal),
    loadQuarantine(context, node, signal),
  ]);
}

function put(context: ViewContext, change: Partial<FailoverState>): void {
  context.update(FAILOVER, (state) => ({ ...state, ...change }));
}

async function loadPlan(context: ViewContext, node: NodeClient, signal: AbortSignal): Promise<void> {
  try {
    const json = await requestJson(
      node,
      { method: "GET", path: "/cluster/plan" },
      { signal, timeoutMs: ASK_MS },
    );
    put(context, { plan: withLists<PlanAnswer>(json, ["candidates", "blocked"]), planTrouble: null });
  } catch (error) {
    signal.throwIfAborted();
    put(context, { planTrouble: problemOf(error) });
  }
}

/** `/health/master` of the master fails where its lease has run out. */
async function loadLease(context: ViewContext, node: NodeClient, signal: AbortSignal): Promise<void> {
  const url = context.view?.leader?.url;
  if (url === undefined) {
    put(context, { lease: undefined });
    return;
  }
  try {
    await using master = url === node.url ? null : context.services.openNode(url);
    await requestJson(
      master ?? node,
      { method: "GET", path: "/health/master" },
      { signal, timeoutMs: ASK_MS },
    );
    put(context, { lease: null });
  } catch (error) {
    signal.throwIfAborted();
    put(context, { lease: problemOf(error) });
  }
}

async function loadJob(context: ViewContext, node: NodeClient, signal: AbortSignal): Promise<void> {
  const { job } = context.get(FAILOVER);
  if (job?.state !== "running") return;
  try {
    put(context, { job: await node.job(job.id, { signal, timeoutMs: ASK_MS }), jobTrouble: null });
  } catch (error) {
    signal.throwIfAborted();
    put(context, { jobTrouble: problemOf(error) });
  }
}

async function loadQuarantine(context: ViewContext, node: NodeClient, signal: AbortSignal): Promise<void> {
  const { quarantineAtMs } = context.get(FAILOVER);
  const nowMs = context.services.monotonicMs();
  if (quarantineAtMs !== null && nowMs - quarantineAtMs < QUARANTINE_EVERY_MS) return;
  put(context, { quarantineAtMs: nowMs });
  try {
    const json = await requestJson(
      node,
      { method: "GET", path: `/cluster/quarantine?limit=${QUARANTINE_LIMIT}` },
      { signal, timeoutMs: QUARANTINE_ASK_MS },
    );
    const quarantine = withLists<QuarantineListAnswer>(json, ["entries", "unreachable"]);
    put(context, { quarantine, quarantineTrouble: null });
  } catch (error) {
    signal.throwIfAborted();
    put(context, { quarantineTrouble: problemOf(error) });
  }
}

/** An answer that has these lists, without which it could not be drawn; the rest is as its node made it. */
function withLists<T extends object>(json: object, keys: readonly (keyof T & string)[]): T {
  const known: Readonly<Record<string, unknown>> = { ...json };
  if (keys.every((key) => Array.isArray(known[key]))) return json as T;
  throw new UnderstudyError("internal", `the node's answer lacks ${keys.join(" or ")}`);
}

function problemOf(error: unknown): string {
  return isUnderstudyError(error) ? `${error.code}: ${error.message}` : messageOf(error);
}
