import type { ClusterNode } from "@understudy/e2e";
import { systemClock } from "@understudy/kernel";
import { parsePosition } from "@understudy/protocol";
import { statementsOf } from "./set-tables.ts";
import type { WriteLog, WriteRecord } from "./write-record.ts";
import { verdictOf } from "./write-rules.ts";

/** How sure a write has to be before it is confirmed; the cluster's default or none. */
export type AckMode = "majority" | "async";

/** What {@link writeOverHttp} needs. */
export interface HttpWriteOptions {
  readonly id: string;
  readonly writer: string;
  /** Asked in turn, the first one first. */
  readonly nodes: readonly ClusterNode[];
  readonly ack: AckMode;
  /** Without one, a try of which nobody knows what became is the last. */
  readonly hasKey: boolean;
  readonly log: WriteLog;
}

const TRY_TIMEOUT_MS = 3_000;
const RETRY_FOR_MS = 20_000;
const RETRY_PAUSE_MS = 20;

/** How one try ended. */
type Try =
  | { readonly kind: "confirmed"; readonly position: unknown }
  | { readonly kind: "failed"; readonly verdict: ReturnType<typeof verdictOf>; readonly why: string };

/** Adds one row, under one key or none, trying one node after another until its outcome is known or 20 s are over. Never rejects. */
export async function writeOverHttp(options: HttpWriteOptions): Promise<WriteRecord> {
  const { id, writer, nodes, hasKey, log } = options;
  const invokedMs = systemClock.monotonicMs();
  const failures: string[] = [];
  let isOpen = false;
  const end = (outcome: WriteRecord["outcome"], epoch: bigint | null = null): WriteRecord => ({
    id,
    writer,
    invokedMs,
    returnedMs: systemClock.monotonicMs(),
    outcome,
    epoch,
    failures,
  });
  for (let turn = 0; ; turn++) {
    const node = nodes[turn % nodes.length];
    if (!node) throw new Error("a write needs a node");
    const outcome = await tryOnce(node, options);
    if (outcome.kind === "confirmed") return end("confirmed", epochOf(outcome.position));
    failures.push(outcome.why);
    const { verdict } = outcome;
    if (verdict === "unconfirmed") return end("unconfirmed");
    if (verdict === "defect") log.addDefect(`write ${id}: ${outcome.why}`);
    if (verdict === "refused" || verdict === "defect") return end(isOpen ? "unconfirmed" : "refused");
    isOpen ||= verdict === "open";
    if (isOpen && !hasKey) return end("unconfirmed");
    if (systemClock.monotonicMs() - invokedMs > RETRY_FOR_MS) return end(isOpen ? "unconfirmed" : "refused");
    await systemClock.sleep(RETRY_PAUSE_MS);
  }
}

async function tryOnce(node: ClusterNode, { id, writer, ack, hasKey }: HttpWriteOptions): Promise<Try> {
  const body = { statements: statementsOf(id, writer), ...(ack === "async" ? { ack } : {}) };
  try {
    const answer = await node.post("/batch", body, {
      headers: hasKey ? { "idempotency-key": id } : {},
      timeoutMs: TRY_TIMEOUT_MS,
    });
    if (answer.status === 200) return { kind: "confirmed", position: answer.body["position"] };
    const code = answer.body["code"];
    const words = typeof code === "string" ? code : answer.text.slice(0, 200);
    const why = `${node.nodeId} ${answer.status} ${words}`;
    const verdict = verdictOf(code);
    return {
      kind: "failed",
      verdict,
      why: verdict === "defect" ? `${why}: ${answer.text.slice(0, 300)}` : why,
    };
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const code = isLate
      ? `no answer within ${TRY_TIMEOUT_MS} ms`
      : error instanceof Error && "code" in error
        ? String(error.code)
        : String(error);
    // a refused connection is a try that was never sent; any other break leaves it open
    return {
      kind: "failed",
      verdict: code === "ECONNREFUSED" ? "again" : "open",
      why: `${node.nodeId} ${code.slice(0, 100)}`,
    };
  }
}

/** The epoch of a position as answers carry it; null for what is none. */
export function epochOf(position: unknown): bigint | null {
  try {
    return typeof position === "string" ? parsePosition(position).epoch : null;
  } catch {
    return null;
  }
}
