import { randomUUID } from "node:crypto";
import { HEADERS } from "@understudy/protocol";
import { openAttachedSlave } from "./attached-slave.ts";
import { timed } from "./latency-load.ts";
import type { SuiteResult } from "./measurement.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { compareVariants } from "./variants.ts";

/**
 * What an idempotency key costs, whose answer is kept in the write's own transaction; and what it costs to write through a slave, which
 * passes the write on under a key of its own.
 */
export async function runKeysSuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  await using nodes = await openAttachedSlave(bed, context);
  const write = () => ({ ...nodes.insertOrder(), ack: "async" }) as const;
  const comparisons = await compareVariants(
    {
      measure: "/execute",
      rateUnit: "writes/s",
      base: { name: "no key", operation: () => timed(() => nodes.master.execute(write())) },
      others: [
        {
          name: "with a key",
          operation: () => {
            const headers = { [HEADERS.idempotencyKey]: randomUUID() };
            return timed(() => nodes.master.execute(write(), { headers }));
          },
        },
        { name: "through a slave", operation: () => timed(() => nodes.slave.execute(write())) },
      ],
    },
    context,
  );
  return { comparisons, observations: [], problems: await nodes.problems() };
}
