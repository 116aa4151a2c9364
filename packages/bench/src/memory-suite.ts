import { systemClock } from "@understudy/kernel";
import { differencesOf } from "./checksums.ts";
import type { Comparison, Observation, SuiteResult } from "./measurement.ts";
import { MemorySampler, type SampledProcess } from "./memory-sampler.ts";
import { processorSecondsOf } from "./processor-time.ts";
import type { Replica } from "./replica.ts";
import { startAndCatchUp } from "./server-position.ts";
import { SqlSession } from "./sql-session.ts";
import type { SuiteContext } from "./suite.ts";
import type { Testbed } from "./testbed.ts";
import { TABLES } from "./workload.ts";

const CATCH_UP_TIMEOUT_MS = 600_000;
const DOCUMENTS = 2_000;
/** Of the 64 characters of a SHA-256: 8 KiB a document. A changed row takes twice that in the binlog, as it was and as it is. */
const BODY_REPEATS = 128;
const DOCUMENTS_AT_ONCE = 4;
const WRITERS = 2;
/** How many changes of a writer lie between two questions about the size of the binlog. */
const ASK_EVERY = 50;
const BEFORE_MS = 1_000;
const SOURCE = "source's server";
const MASTER = "master node";
const SLAVE = "slave node";
const SERVER = "replica's server";

/** Catch-up of one replica, with the highest resident memory of what takes part. */
interface CatchUp {
  readonly replica: Replica;
  readonly applyMs: number;
  readonly peaks: Readonly<Record<string, number>>;
  /** By process, start of processes included. */
  readonly processorSeconds: Readonly<Record<string, number>>;
}

/**
 * While all replicas are down, changes pile up in the source's binlog; then each replica catches up alone. Resident memory of the
 * master node is sampled through all of it, that of slave node and servers in the catch-up.
 */
export async function runMemorySuite(bed: Testbed, context: SuiteContext): Promise<SuiteResult> {
  const { signal, tell } = context;
  await fillDocuments(bed.session);
  for (const replica of bed.replicas) {
    await startAndCatchUp(bed, replica, { timeoutMs: CATCH_UP_TIMEOUT_MS, signal });
    await replica.stop();
  }
  const piled = await pileUp(bed, context);
  tell(
    `memory: ${(piled.bytes / 1e6).toFixed(0)} MB piled up in ${(piled.tookMs / 1000).toFixed(1)} s; the master node went from ${piled.beforeMebibytes.toFixed(0)} to ${piled.peakMebibytes.toFixed(0)} MiB`,
  );
  const catchUps: CatchUp[] = [];
  for (const replica of bed.replicas) {
    const catchUp = await timeCatchUp(bed, replica, signal);
    catchUps.push(catchUp);
    const words = Object.entries(catchUp.processorSeconds).map(
      ([name, seconds]) =>
        `${name} ${seconds.toFixed(1)} s of processor time and ${catchUp.peaks[name]?.toFixed(0) ?? "unknown"} MiB`,
    );
    tell(`  ${replica.name}: ${(catchUp.applyMs / 1000).toFixed(1)} s; ${words.join(", ")}`);
  }
  const problems = await differencesOf(bed, bed.replicas);
  await bed.ours.rest();
  return { ...figuresOf(bed, piled, catchUps), problems };
}

interface Piled {
  readonly bytes: number;
  readonly tookMs: number;
  readonly beforeMebibytes: number;
  readonly peakMebibytes: number;
}

/** Changes documents at random until the source's binlog has grown by what was asked for, while the master node runs. */
async function pileUp(bed: Testbed, context: SuiteContext): Promise<Piled> {
  const { signal } = context;
  const master = { name: MASTER, pid: () => bed.ours.master.pid };
  await using before = new MemorySampler([master]);
  await systemClock.sleep(BEFORE_MS, signal);
  const beforeMebibytes = before.peaks()[MASTER] ?? 0;
  await using sampler = new MemorySampler([master]);
  const startBytes = await binlogBytesOf(bed.session);
  const startedMs = systemClock.monotonicMs();
  let bytes = 0;
  const write = async (writer: number): Promise<void> => {
    await using session = await SqlSession.open(bed.source);
    // each its own half, so that they never wait for each other
    for (let n = 0; bytes < context.scale.memoryBytes; n++) {
      signal.throwIfAborted();
      await session.run(changeOf(writer, n));
      if (writer === 0 && n % ASK_EVERY === 0) bytes = (await binlogBytesOf(bed.session)) - startBytes;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  const tookMs = systemClock.monotonicMs() - startedMs;
  bytes = (await binlogBytesOf(bed.session)) - startBytes;
  return { bytes, tookMs, beforeMebibytes, peakMebibytes: sampler.peaks()[MASTER] ?? 0 };
}

function changeOf(writer: number, n: number): string {
  const share = DOCUMENTS / WRITERS;
  const first = writer * share + ((n * DOCUMENTS_AT_ONCE) % share) + 1;
  return `UPDATE ${TABLES.documents} SET body = REPEAT(SHA2(RAND(), 256), ${BODY_REPEATS}) WHERE id BETWEEN ${first} AND ${first + DOCUMENTS_AT_ONCE - 1}`;
}

async function fillDocuments(session: SqlSession): Promise<void> {
  const rows = Array.from(
    { length: DOCUMENTS },
    (_, n) => `(${n + 1}, REPEAT(SHA2(${n}, 256), ${BODY_REPEATS}))`,
  );
  await session.run(`INSERT INTO ${TABLES.documents} VALUES ${rows.join(", ")}`);
}

async function binlogBytesOf(session: SqlSession): Promise<number> {
  const files = await session.rows("SHOW BINARY LOGS");
  return files.reduce((sum, file) => sum + Number(file["File_size"]), 0);
}

async function timeCatchUp(bed: Testbed, replica: Replica, signal: AbortSignal): Promise<CatchUp> {
  const processes: readonly SampledProcess[] = [
    { name: SOURCE, pid: () => bed.source.pid },
    { name: SERVER, pid: () => replica.database.pid },
    ...(replica === bed.ours
      ? [
          { name: MASTER, pid: () => bed.ours.master.pid },
          { name: SLAVE, pid: () => bed.ours.slave.pid },
        ]
      : []),
  ];
  const secondsByName = async (): Promise<readonly (readonly [string, number])[]> =>
    Promise.all(processes.map(async ({ name, pid }) => [name, await processorSecondsOf([pid()])] as const));
  await using sampler = new MemorySampler(processes);
  const before = new Map(await secondsByName());
  const { applyMs } = await startAndCatchUp(bed, replica, { timeoutMs: CATCH_UP_TIMEOUT_MS, signal });
  const after = await secondsByName();
  const peaks = sampler.peaks();
  await replica.stop();
  const processorSeconds = Object.fromEntries(
    after.map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]),
  );
  return { replica, applyMs, peaks, processorSeconds };
}

function figuresOf(
  bed: Testbed,
  piled: Piled,
  catchUps: readonly CatchUp[],
): { comparisons: Comparison[]; observations: Observation[] } {
  const rateOf = (replica: Replica): number[] =>
    catchUps.filter((it) => it.replica === replica).map((it) => piled.bytes / 1e6 / (it.applyMs / 1000));
  const peakOf = (replica: Replica): number[] =>
    catchUps.filter((it) => it.replica === replica).map((it) => it.peaks[SERVER] ?? Number.NaN);
  const secondsOf = (replica: Replica): number[] =>
    catchUps
      .filter((it) => it.replica === replica)
      .map((it) => Object.values(it.processorSeconds).reduce((sum, seconds) => sum + seconds, 0));
  const ofPeer = (native: Replica): Comparison[] => [
    {
      measure: `catch up with ${(piled.bytes / 1e6).toFixed(0)} MB`,
      peer: native.name,
      unit: "MB/s",
      better: "higher",
      ours: rateOf(bed.ours),
      theirs: rateOf(native),
    },
    {
      measure: "processor time of all that takes part",
      peer: native.name,
      unit: "s",
      better: "lower",
      ours: secondsOf(bed.ours),
      theirs: secondsOf(native),
    },
    {
      measure: "memory of the replica's server",
      peer: native.name,
      unit: "MiB",
      better: "lower",
      ours: peakOf(bed.ours),
      theirs: peakOf(native),
    },
  ];
  const ours = catchUps.find((it) => it.replica === bed.ours);
  const mebibytes = (measure: string, value: number | undefined): Observation[] =>
    value === undefined ? [] : [{ measure, unit: "MiB", value }];
  return {
    comparisons: bed.natives.flatMap(ofPeer),
    observations: [
      ...mebibytes(`${MASTER} before`, piled.beforeMebibytes),
      ...mebibytes(`${MASTER} at most while the slave is down`, piled.peakMebibytes),
      ...mebibytes(`${MASTER} at most in the catch-up`, ours?.peaks[MASTER]),
      ...mebibytes(`${SLAVE} at most in the catch-up`, ours?.peaks[SLAVE]),
      ...Object.entries(ours?.processorSeconds ?? {}).map(([name, value]) => ({
        measure: `ours: processor time of the ${name} in the catch-up`,
        unit: "s",
        value,
      })),
      { measure: "ours: the whole catch-up", unit: "s", value: (ours?.applyMs ?? Number.NaN) / 1000 },
    ],
  };
}
