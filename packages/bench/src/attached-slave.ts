import { createNodeClient, type NodeClient } from "@understudy/client";
import { systemClock } from "@understudy/kernel";
import { differencesOf } from "./checksums.ts";
import { startAndCatchUp, waitForSync } from "./server-position.ts";
import type { Statement } from "./statement-load.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { TABLES } from "./workload.ts";

/** Everything that earlier suites have written may still wait for it. */
const SYNC_TIMEOUT_MS = 180_000;
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;

/** A master with one slave that acks, and a client of each. Disposal rests both. */
export interface AttachedSlave extends AsyncDisposable {
  readonly master: NodeClient;
  readonly slave: NodeClient;
  /** A sentence for each table whose rows differ, and one where other orders have come than were confirmed through `insertOrder`. */
  problems(): Promise<readonly string[]>;
  /** The request that all variants of a write send. Counts. */
  insertOrder(): Statement;
}

/** Starts both nodes and resolves when the slave has acked a write. */
export async function openAttachedSlave(bed: Testbed, context: SuiteContext): Promise<AttachedSlave> {
  await using opening = new AsyncDisposableStack();
  const { signal } = context;
  opening.defer(() => bed.ours.rest());
  await startAndCatchUp(bed, bed.ours, { timeoutMs: SYNC_TIMEOUT_MS, signal });
  const master = opening.use(createNodeClient({ url: bed.ours.masterUrl }));
  const slave = opening.use(createNodeClient({ url: bed.ours.slave.url }));
  let sent = 0;
  const insertOrder = (): Statement => ({
    sql: `INSERT INTO ${TABLES.orders} (name, amount) VALUES (?, ?)`,
    params: [`order of customer ${sent}`, sent++ / 4],
  });
  await waitUntilAcking({ master, insertOrder, signal });
  sent = 0;
  const before = await ordersIn(bed);
  const owned = opening.move();
  return {
    master,
    slave,
    insertOrder,
    problems: async () => {
      await waitForSync(bed, bed.ours, { timeoutMs: SYNC_TIMEOUT_MS, signal });
      const added = (await ordersIn(bed)) - before;
      const differences = await differencesOf(bed, [bed.ours]);
      return added === sent
        ? differences
        : [...differences, `${sent} writes were confirmed, ${added} rows have come`];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function waitUntilAcking(options: {
  readonly master: NodeClient;
  readonly insertOrder: () => Statement;
  readonly signal: AbortSignal;
}): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      const { acks } = await options.master.execute(
        { ...options.insertOrder(), ack: 1 },
        { signal: options.signal },
      );
      if (acks.length > 0) return;
    } catch (error) {
      options.signal.throwIfAborted();
      if (systemClock.monotonicMs() > deadlineMs) throw error;
    }
    await systemClock.sleep(READY_POLL_MS, options.signal);
  }
}

async function ordersIn(bed: Testbed): Promise<number> {
  const [row] = await bed.session.rows(`SELECT COUNT(*) AS n FROM ${TABLES.orders}`);
  return Number(row?.["n"]);
}
