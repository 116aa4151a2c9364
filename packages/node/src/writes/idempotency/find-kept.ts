import { readExecutedPosition } from "@understudy/binlog";
import type { Clock } from "@understudy/kernel";
import type { SqlExecutor } from "@understudy/sql-executor";
import { ClusterStore } from "../../cluster/cluster-store.ts";
import { isMissing } from "../../cluster/is-missing.ts";
import { KeyStore } from "./key-store.ts";
import type { KeyedOutcome, KeyedRequest } from "./keyed-request.ts";
import { readKept } from "./read-kept.ts";

/**
 * What this node's own copy of the data says of a key: the kept answer, or null where there is none (yet). For a slave that reaches
 * no master. Throws as {@link readKept} does, and `database-unavailable`.
 */
export async function findKept(
  { executor, clock }: { readonly executor: SqlExecutor; readonly clock: Clock },
  request: Pick<KeyedRequest, "key" | "hash">,
): Promise<KeyedOutcome | null> {
  try {
    const row = await new KeyStore(executor).find(request.key, { settled: false });
    if (!row) return null;
    const secret = await new ClusterStore(executor).idempotencySecret();
    const reading = readKept(row, request, { secret, nowMs: clock.nowMs() });
    if (reading.kind === "void") return null;
    const position = await executor.withAdmin((session) =>
      readExecutedPosition(session, executor.server.flavour),
    );
    return { ...reading.outcome, gtid: position.toString() };
  } catch (error) {
    // a copy of data that no master with keys ever wrote to
    if (isMissing(error)) return null;
    throw error;
  }
}
