import { createNodeClient } from "@understudy/client";
import { systemClock } from "@understudy/kernel";
import { loadHttp } from "./http-load.ts";
import type { Comparison, SuiteResult } from "./measurement.ts";
import { loadPool } from "./pool-load.ts";
import type { LoadAmount, LoadResult, Statement } from "./statement-load.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { turnsOf } from "./turns.ts";
import { TABLES } from "./workload.ts";

const ITEMS = 10_000;
/** Of the statements that are sent in turn. */
const STATEMENTS = 200;
const SETTLE_POLL_MS = 100;
const SETTLE_MS_MAX = 5_000;
const READY_POLL_MS = 50;
const READY_TIMEOUT_MS = 60_000;
const PEER = "mysql2 pool";

const KINDS = [
  { name: "writes", path: "/execute", statements: writeStatements() },
  { name: "reads", path: "/query", statements: readStatements() },
] as const;
type Kind = (typeof KINDS)[number];

/** One side: how it is made ready and how statements go through it. */
interface Side {
  readonly name: "ours" | typeof PEER;
  readonly prepare: () => Promise<void>;
  readonly load: (kind: Kind, amount: LoadAmount) => Promise<LoadResult>;
}

/** What was measured on one side, of one kind, at one number of connections, in one round. */
interface RateSample {
  readonly side: Side;
  readonly kind: Kind;
  readonly connections: number;
  readonly perSecond: number;
}

/**
 * The same statements through a master node's HTTP API and through a mysql2 pool on its database server. No slave is attached; our
 * node does not run while the pool is measured.
 */
export async function runHttpSuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  const { scale, tell } = context;
  await fillItems(bed);
  const sides = sidesOf(bed, context.signal);
  const samples: RateSample[] = [];
  const problems: string[] = [];
  for (let round = 0; round < context.rounds; round++) {
    for (const side of turnsOf(sides, round)) {
      tell(`http, round ${round + 1}, ${side.name}`);
      const found = await measureSide(bed, side, context);
      samples.push(...found.samples);
      problems.push(...found.problems);
    }
  }
  await bed.ours.rest();
  return { comparisons: comparisonsOf(samples, scale.httpConnections), observations: [], problems };
}

/** One side in one round: every kind at every number of connections, after a warm-up with all connections. */
async function measureSide(
  bed: Testbed,
  side: Side,
  { scale, signal, tell }: SuiteContext,
): Promise<{ readonly samples: readonly RateSample[]; readonly problems: readonly string[] }> {
  const samples: RateSample[] = [];
  const problems: string[] = [];
  await side.prepare();
  for (const kind of KINDS) {
    const connectionsMax = Math.max(...scale.httpConnections);
    await side.load(kind, { connections: connectionsMax, durationMs: scale.httpWarmUpMs });
    for (const connections of scale.httpConnections) {
      signal.throwIfAborted();
      const amount = { connections, durationMs: scale.httpMs };
      const { perSecond, problem } = await measure(bed, { side, kind, amount });
      samples.push({ side, kind, connections, perSecond });
      if (problem !== null) problems.push(problem);
      tell(`  ${perSecond.toFixed(0)} ${kind.name}/s at ${connections} connections`);
    }
  }
  return { samples, problems };
}

function sidesOf(bed: Testbed, signal: AbortSignal): readonly Side[] {
  const url = bed.ours.masterUrl;
  return [
    {
      name: "ours",
      prepare: async () => {
        await bed.ours.master.start();
        await waitUntilServing(url, signal);
      },
      load: ({ path, statements }, amount) => loadHttp({ url, path }, statements, amount),
    },
    {
      name: PEER,
      prepare: () => bed.ours.rest(),
      load: ({ statements }, amount) => loadPool(bed.source.url, statements, amount),
    },
  ];
}

/** Runs one load and, where it writes, counts that just the confirmed rows have come. */
async function measure(
  bed: Testbed,
  load: { readonly side: Side; readonly kind: Kind; readonly amount: LoadAmount },
): Promise<{ readonly perSecond: number; readonly problem: string | null }> {
  const { side, kind, amount } = load;
  const before = await settledOrders(bed);
  const result = await side.load(kind, amount);
  const added = (await settledOrders(bed)) - before;
  const wanted = kind.name === "writes" ? result.confirmed : 0;
  const words = `${side.name}, ${kind.name} at ${amount.connections} connections`;
  let problem: string | null = null;
  if (result.failed > 0) problem = `${words}: ${result.failed} statements failed`;
  else if (added < wanted || added > wanted + (kind.name === "writes" ? result.unknownMax : 0)) {
    problem = `${words}: ${result.confirmed} were confirmed, ${added} rows have come`;
  }
  return { perSecond: result.confirmed / (result.tookMs / 1000), problem };
}

/** The number of orders when the requests that a load has left behind are done. */
async function settledOrders(bed: Testbed): Promise<number> {
  const deadlineMs = systemClock.monotonicMs() + SETTLE_MS_MAX;
  for (let before = await ordersIn(bed); ;) {
    await systemClock.sleep(SETTLE_POLL_MS);
    const now = await ordersIn(bed);
    if (now === before || systemClock.monotonicMs() > deadlineMs) return now;
    before = now;
  }
}

async function ordersIn(bed: Testbed): Promise<number> {
  const [row] = await bed.session.rows(`SELECT COUNT(*) AS n FROM ${TABLES.orders}`);
  return Number(row?.["n"]);
}

async function waitUntilServing(url: string, signal: AbortSignal): Promise<void> {
  await using node = createNodeClient({ url });
  const deadlineMs = systemClock.monotonicMs() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      await node.query({ sql: "SELECT 1" }, { signal });
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (systemClock.monotonicMs() > deadlineMs) throw error;
    }
    await systemClock.sleep(READY_POLL_MS, signal);
  }
}

async function fillItems(bed: Testbed): Promise<void> {
  const rows = Array.from(
    { length: ITEMS },
    (_, n) => `(${n + 1}, 'item number ${n + 1}', ${(n % 1000) / 10})`,
  );
  await bed.session.run(`REPLACE INTO ${TABLES.items} VALUES ${rows.join(", ")}`);
}

function writeStatements(): readonly Statement[] {
  return Array.from({ length: STATEMENTS }, (_, n) => ({
    sql: `INSERT INTO ${TABLES.orders} (name, amount) VALUES (?, ?)`,
    params: [`order of customer ${n}`, n / 4],
  }));
}

function readStatements(): readonly Statement[] {
  return Array.from({ length: STATEMENTS }, (_, n) => ({
    sql: `SELECT id, name, price FROM ${TABLES.items} WHERE id = ?`,
    params: [((n * 47) % ITEMS) + 1],
  }));
}

function comparisonsOf(
  samples: readonly RateSample[],
  connections: readonly number[],
): readonly Comparison[] {
  const ratesOf = (name: Side["name"], kind: Kind, count: number): number[] =>
    samples
      .filter((it) => it.side.name === name && it.kind === kind && it.connections === count)
      .map((it) => it.perSecond);
  return KINDS.flatMap((kind) =>
    connections.map((count): Comparison => ({
      measure: `${kind.path}, ${count} connection${count === 1 ? "" : "s"}`,
      peer: PEER,
      unit: `${kind.name}/s`,
      better: "higher",
      ours: ratesOf("ours", kind, count),
      theirs: ratesOf(PEER, kind, count),
    })),
  );
}
