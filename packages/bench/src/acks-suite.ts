import type { AckLevel } from "@understudy/protocol";
import { openAttachedSlave, type AttachedSlave } from "./attached-slave.ts";
import { timed, type TimedOperation } from "./latency-load.ts";
import type { Comparison, SuiteResult } from "./measurement.ts";
import { SemiSync } from "./semi-sync.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { compareVariants } from "./variants.ts";
import { TABLES } from "./workload.ts";

const SEMI_SYNC = "native semi-sync";

/**
 * What it costs to wait until a slave has a write: the same `INSERT` through `/execute` with `ack: 1` and with `ack: "async"`; and
 * with `ack: 1` beside the server's own semi-synchronous replication, where the servers come with that.
 */
export async function runAcksSuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  const own = await compareOwn(bed, context);
  const native = await compareWithNative(bed, context);
  return {
    comparisons: [...own.comparisons, ...native.comparisons],
    observations: [],
    problems: [...own.problems, ...native.problems],
  };
}

interface Found {
  readonly comparisons: readonly Comparison[];
  readonly problems: readonly string[];
}

async function compareOwn(bed: Testbed, context: SuiteContext): Promise<Found> {
  await using nodes = await openAttachedSlave(bed, context);
  const comparisons = await compareVariants(
    {
      measure: "/execute",
      rateUnit: "writes/s",
      base: { name: "ack=async", operation: write(() => nodes, "async") },
      others: [{ name: "ack=1", operation: write(() => nodes, 1) }],
    },
    context,
  );
  return { comparisons, problems: await nodes.problems() };
}

/** One at a time: our nodes do not run while the native replica acks, nor it while they do. */
async function compareWithNative(bed: Testbed, context: SuiteContext): Promise<Found> {
  const native = await SemiSync.open(bed);
  if (typeof native === "string") {
    context.tell(`acks: no comparison with semi-synchronous replication: ${native}`);
    return { comparisons: [], problems: [] };
  }
  await using semiSync = native;
  const problems: string[] = [];
  let nodes: AttachedSlave | null = null;
  const restNodes = async (): Promise<void> => {
    if (nodes) problems.push(...(await nodes.problems()));
    await nodes?.[Symbol.asyncDispose]();
    nodes = null;
  };
  try {
    const comparisons = await compareVariants(
      {
        measure: "/execute",
        rateUnit: "writes/s",
        base: {
          name: SEMI_SYNC,
          prepare: async () => {
            await restNodes();
            await semiSync.begin(context.signal);
          },
          operation: (lane, number) => timed(() => semiSync.write(orderOf(lane, number))),
        },
        others: [
          {
            name: "ack=1",
            prepare: async () => {
              const unacked = await semiSync.end();
              if (unacked > 0)
                problems.push(`${unacked} commits of ${SEMI_SYNC} did not wait for the replica`);
              nodes ??= await openAttachedSlave(bed, context);
            },
            operation: write(() => nodes, 1),
          },
        ],
      },
      context,
    );
    await restNodes();
    return { comparisons, problems };
  } finally {
    await bed.ours.rest();
  }
}

function write(nodes: () => AttachedSlave | null, ack: AckLevel): TimedOperation {
  return () =>
    timed(async () => {
      const attached = nodes();
      if (!attached) throw new Error("no nodes to write to");
      const { acks } = await attached.master.execute({ ...attached.insertOrder(), ack });
      if (ack !== "async" && acks.length === 0)
        throw new Error("a write with ack=1 was confirmed without an ack");
    });
}

function orderOf(lane: number, number: number) {
  return {
    sql: `INSERT INTO ${TABLES.orders} (name, amount) VALUES (?, ?)`,
    params: [`order ${number} of customer ${lane}`, number / 4],
  };
}
