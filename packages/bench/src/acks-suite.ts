import type { AckLevel } from "@understudy/protocol";
import { openAttachedSlave } from "./attached-slave.ts";
import { timed, type TimedOperation } from "./latency-load.ts";
import type { SuiteResult } from "./measurement.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { compareVariants } from "./variants.ts";

/** What it costs to wait until a slave has a write: the same `INSERT` through `/execute` with `ack: 1` and with `ack: "async"`. */
export async function runAcksSuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  await using nodes = await openAttachedSlave(bed, context);
  let unacked = 0;
  const write = (ack: AckLevel): TimedOperation => {
    return () =>
      timed(async () => {
        const { acks } = await nodes.master.execute({ ...nodes.insertOrder(), ack });
        if (ack !== "async" && acks.length === 0) unacked++;
      });
  };
  const comparisons = await compareVariants(
    {
      measure: "/execute",
      rateUnit: "writes/s",
      base: { name: "ack=async", operation: write("async") },
      others: [{ name: "ack=1", operation: write(1) }],
    },
    context,
  );
  const problems = [...(await nodes.problems())];
  if (unacked > 0) problems.push(`${unacked} writes with ack=1 were confirmed without an ack`);
  return { comparisons, observations: [], problems };
}
