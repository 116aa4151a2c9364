import { connect } from "@understudy/client";
import { BackgroundLoop, messageOf, seededRandom, systemClock } from "@understudy/kernel";
import type { Cluster } from "../cluster.ts";
import { rowsOf } from "../sql.ts";
import { ACCOUNTS, BALANCE_INITIAL, runBankClient } from "./bank-workload.ts";
import { bankFaults } from "./bank-check.ts";
import { effectFaults, type Effects } from "./effect-check.ts";
import { HistoryClient, type HistoryRun } from "./history-client.ts";
import { History, type OutcomeCounts } from "./history.ts";
import { linearizabilityFaults } from "./linearizability.ts";
import { runConnectedClient, runMarkClient, type MarkShape } from "./mark-workload.ts";
import { breakAtRandom } from "./random-faults.ts";
import { REGISTER_INITIAL, runRegisterClient } from "./register-workload.ts";
import { sessionFaults } from "./session-check.ts";
import { runConnectedSession, runSessionClient } from "./session-workload.ts";

/** What {@link runHistory} does. */
export interface HistoryOptions {
  /** Of clients and faults; what the machine adds is not repeatable. */
  readonly seed: number;
  readonly seconds: number;
  /** Break connections at random; needs a cluster with proxies. */
  readonly faults: boolean;
  /** Different for each run on the same cluster. */
  readonly name: string;
}

/** What came of a run. */
export interface HistoryResult {
  readonly operations: number;
  readonly counts: OutcomeCounts;
  readonly byKind: Readonly<Record<string, number>>;
  /** Connections that were cut. */
  readonly cuts: number;
  /** What must not have happened, in sentences. */
  readonly violations: readonly string[];
}

const OPERATIONS_MAX = 500_000;
const FAULT_PAUSE_MS_MAX = 60;
const HEAL_TIMEOUT_MS = 60_000;
const SHAPES: readonly MarkShape[] = ["batch", "execute", "insert", "once"];

/** Who takes part. */
interface Cast {
  readonly registers: readonly string[];
  readonly registerClients: readonly string[];
  readonly sessionClients: readonly string[];
  /** Sessions of the client library; they read the registers of the others, too. */
  readonly connectedSessions: readonly string[];
  readonly bankClients: readonly string[];
  readonly markClients: readonly { readonly name: string; readonly shape: MarkShape }[];
  readonly connectedClients: readonly string[];
}

/** A client by its name, and what it does. */
type Task = readonly [string, (client: HistoryClient) => Promise<void>];

/** Makes the tables that all runs on a cluster share. */
export async function prepareHistory(cluster: Cluster): Promise<void> {
  const accounts = Array.from({ length: ACCOUNTS }, (_, id) => `(${id}, ${BALANCE_INITIAL})`).join(", ");
  for (const sql of [
    "CREATE DATABASE history",
    "CREATE TABLE history.registers (id VARCHAR(40) PRIMARY KEY, value BIGINT NOT NULL)",
    "CREATE TABLE history.accounts (id INT PRIMARY KEY, balance BIGINT NOT NULL)",
    // no unique key on the marker: a doubled one has to show
    "CREATE TABLE history.markers (id BIGINT AUTO_INCREMENT PRIMARY KEY, marker VARCHAR(60) NOT NULL)",
    "CREATE TABLE history.counters (id VARCHAR(40) PRIMARY KEY, n BIGINT NOT NULL)",
    `INSERT INTO history.accounts VALUES ${accounts}`,
  ]) {
    await mustExecute(cluster, sql);
  }
}

/** Lets clients work on all nodes for a while, heals what was broken, waits until all nodes have all, and checks what was seen. */
export async function runHistory(cluster: Cluster, options: HistoryOptions): Promise<HistoryResult> {
  const cast = castOf(options.name);
  await addRows(cluster, cast);
  const history = new History(systemClock, OPERATIONS_MAX);
  const run: HistoryRun = {
    nodes: cluster.nodes,
    history,
    clock: systemClock,
    name: options.name,
    defects: [],
  };
  const cutsBefore = cutsOf(cluster);
  await work(cluster, { run, cast, options });
  const cuts = cutsOf(cluster) - cutsBefore;
  await cluster.waitUntilReplicating(HEAL_TIMEOUT_MS);
  await cluster.waitForSync(HEAL_TIMEOUT_MS);
  const { operations } = history;
  return {
    operations: operations.length,
    counts: history.counts(),
    byKind: Object.fromEntries(
      [...Map.groupBy(operations, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]),
    ),
    cuts,
    violations: [
      ...run.defects,
      ...linearizabilityFaults(
        operations.filter(({ key }) => cast.registers.includes(key)),
        REGISTER_INITIAL,
      ),
      ...sessionFaults(operations.filter(({ client }) => sessionsOf(cast).includes(client))),
      ...bankFaults(operations, ACCOUNTS * BALANCE_INITIAL),
      ...effectFaults(history.ofKinds("mark"), await effectsOf(cluster, options.name)),
    ],
  };
}

function castOf(name: string): Cast {
  const of = (role: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${name}-${role}${index}`);
  return {
    registers: of("register", 3),
    registerClients: of("r", 4),
    sessionClients: of("session", 3),
    connectedSessions: of("library", 2),
    bankClients: of("bank", 2),
    markClients: SHAPES.map((shape) => ({ name: `${name}-${shape}`, shape })),
    connectedClients: of("connect", 1),
  };
}

/** All of it at the same time, for so long; resolves when every client knows what it can know and every way is healed. */
async function work(
  cluster: Cluster,
  { run, cast, options }: { readonly run: HistoryRun; readonly cast: Cast; readonly options: HistoryOptions },
): Promise<void> {
  await using connected = await connect({ nodes: cluster.nodes.map(({ url }) => url) });
  let value = REGISTER_INITIAL;
  const nextValue = (): number => ++value;
  const sessions = sessionsOf(cast);
  const tasks: readonly Task[] = [
    ...cast.registerClients.map((name) =>
      named(name, (it) => runRegisterClient(it, cast.registers, nextValue)),
    ),
    ...cast.sessionClients.map((name) => named(name, (it) => runSessionClient(it, sessions))),
    ...cast.connectedSessions.map((name) =>
      named(name, (it) => runConnectedSession(it, connected.session(), sessions)),
    ),
    ...cast.bankClients.map((name) => named(name, runBankClient)),
    ...cast.markClients.map(({ name, shape }) => named(name, (it) => runMarkClient(it, shape))),
    ...cast.connectedClients.map((name) => named(name, (it) => runConnectedClient(it, connected))),
  ];
  const onEnd = (error: unknown): void => {
    if (error !== undefined) run.defects.push(`a client ended: ${messageOf(error)}`);
  };
  const clients = tasks.map(
    ([name, task], index) =>
      new BackgroundLoop((signal) => {
        const random = seededRandom(options.seed * 1_000 + index);
        return task(new HistoryClient(name, run, { random, signal }));
      }, onEnd),
  );
  const proxies = options.faults ? cluster.proxies : new Map<string, never>();
  const faults = new BackgroundLoop(
    (signal) =>
      breakAtRandom(
        {
          proxies,
          random: seededRandom(options.seed),
          clock: systemClock,
          pauseMsMax: FAULT_PAUSE_MS_MAX,
        },
        signal,
      ),
    onEnd,
  );
  await systemClock.sleep(options.seconds * 1_000);
  // the clients' last tries may well need sound ways
  await faults[Symbol.asyncDispose]();
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
}

function named(name: string, task: Task["1"]): Task {
  return [name, task];
}

async function addRows(cluster: Cluster, cast: Cast): Promise<void> {
  const registers = [...cast.registers, ...sessionsOf(cast)].map((id) => `('${id}', ${REGISTER_INITIAL})`);
  const counters = countersOf(cast).map((id) => `('${id}', 0)`);
  await mustExecute(cluster, `INSERT INTO history.registers VALUES ${registers.join(", ")}`);
  await mustExecute(cluster, `INSERT INTO history.counters VALUES ${counters.join(", ")}`);
  await cluster.waitForSync();
}

/** Who writes a register of its own name. */
function sessionsOf(cast: Cast): readonly string[] {
  return [...cast.sessionClients, ...cast.connectedSessions];
}

function countersOf(cast: Cast): readonly string[] {
  const batches = cast.markClients
    .filter(({ shape }) => shape === "batch" || shape === "once")
    .map(({ name }) => name);
  return [...cast.bankClients, ...batches, ...cast.connectedClients];
}

async function effectsOf(cluster: Cluster, name: string): Promise<Effects> {
  const like = `${name}-%`;
  const markers = await rowsOf(
    cluster.master,
    "SELECT marker, COUNT(*) AS n FROM history.markers WHERE marker LIKE ? GROUP BY marker",
    [like],
  );
  const counters = await rowsOf(cluster.master, "SELECT id, n FROM history.counters WHERE id LIKE ?", [like]);
  return {
    markers: new Map(markers.map((row) => [String(row["marker"]), Number(row["n"])])),
    counters: new Map(counters.map((row) => [String(row["id"]), Number(row["n"])])),
  };
}

function cutsOf(cluster: Cluster): number {
  return [...cluster.proxies.values()].reduce((sum, { counts }) => sum + counts.cut, 0);
}

async function mustExecute(cluster: Cluster, sql: string): Promise<void> {
  const { status, text } = await cluster.master.post("/execute", { sql });
  if (status !== 200) throw new Error(`${sql}: ${text}`);
}
