import { openAttachedSlave, type AttachedSlave } from "./attached-slave.ts";
import { timed, type TimedOperation } from "./latency-load.ts";
import type { SuiteResult } from "./measurement.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { compareVariants } from "./variants.ts";
import { TABLES } from "./workload.ts";

/** How a read on the slave follows the write before it, and how often it missed it. */
interface Reads {
  done: number;
  missed: number;
}

/**
 * What it costs to read one's own write: a row is written on the master and read on the slave at once, with `after` and just as it is
 * there. Only the read is timed.
 */
export async function runAfterSuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  await using nodes = await openAttachedSlave(bed, context);
  const local: Reads = { done: 0, missed: 0 };
  const after: Reads = { done: 0, missed: 0 };
  const comparisons = await compareVariants(
    {
      measure: "read on the slave after a write:",
      rateUnit: null,
      base: { name: "local", operation: writeAndRead(nodes, local, false) },
      others: [{ name: "after", operation: writeAndRead(nodes, after, true) }],
    },
    context,
  );
  const problems = [...(await nodes.problems())];
  if (after.missed > 0) problems.push(`${after.missed} of ${after.done} reads with after missed the write`);
  const missedShare = (100 * local.missed) / local.done;
  return {
    comparisons,
    observations: [{ measure: "local reads that missed the write", unit: "%", value: missedShare }],
    problems,
  };
}

function writeAndRead(nodes: AttachedSlave, reads: Reads, isAfter: boolean): TimedOperation {
  return async () => {
    const { insertId, position } = await nodes.master.execute({ ...nodes.insertOrder(), ack: "async" });
    return timed(async () => {
      const { rowCount } = await nodes.slave.query({
        sql: `SELECT name, amount FROM ${TABLES.orders} WHERE id = ?`,
        params: [insertId ?? ""],
        ...(isAfter ? { after: position } : {}),
      });
      reads.done++;
      if (rowCount === 0) reads.missed++;
    });
  };
}
