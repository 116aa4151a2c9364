import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { stdout } from "node:process";
import { runProgram, tellProgress as tell } from "@understudy/sandbox";
import { HELP, parseBenchOptions, type BenchOptions } from "./bench-options.ts";
import { formatResults } from "./result-table.ts";
import { runBench, type BenchResult } from "./run-bench.ts";
import { FULL_SCALE, QUICK_SCALE } from "./scale.ts";

const EXIT_FAILED = 1;

async function measure(options: BenchOptions): Promise<number> {
  const startedAt = new Date().toISOString();
  const { timeLimitMs } = options.quick ? QUICK_SCALE : FULL_SCALE;
  const results = await runBench(options, { signal: endOf(timeLimitMs), tell });
  const sections = results.map((result) => ({
    title: `${result.flavour} ${result.version}, ${result.suite} (${(result.tookMs / 1000).toFixed(0)} s)`,
    ...result,
  }));
  stdout.write(`${formatResults(sections)}\n`);
  stdout.write(`${legend(options)}\n`);
  await writeFile(options.jsonFile, `${JSON.stringify(report(options, startedAt, results), null, 2)}\n`);
  tell(`results are in ${options.jsonFile}`);
  return results.some(({ problems }) => problems.length > 0) ? EXIT_FAILED : 0;
}

/** Aborts at a signal of a person or when the time is over. */
function endOf(timeLimitMs: number): AbortSignal {
  const stop = new AbortController();
  const end = (words: string): void => stop.abort(new DOMException(words, "AbortError"));
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => end(`ended by ${name}`));
  setTimeout(() => end(`not done within ${timeLimitMs / 60_000} minutes`), timeLimitMs).unref();
  return stop.signal;
}

function legend(options: BenchOptions): string {
  return [
    "ratio: how many times as good as the peer ours was; above 1 is better, whatever is measured. Medians of",
    `${options.rounds} round${options.rounds === 1 ? "" : "s"}; the ratio is the median of the rounds' own ratios.`,
    "apply, catch-up: clock from the first transaction seen on the replica to the last. lag: from a confirmed commit on the",
    "source to the first read on the replica that shows it. acks, after, keys: ours is the call with the promise, the peer the",
    "one without, or native semi-sync. All servers have the same settings, write a binlog, and flush",
    "relaxed. Native on MariaDB: 1 worker is slave_parallel_threads=0, 4 workers are optimistic. See docs/benchmarks.md.",
    ...(options.quick ? ["This was --quick: a smoke test, no figures to quote."] : []),
  ].join("\n");
}

function report(options: BenchOptions, startedAt: string, results: readonly BenchResult[]): unknown {
  return {
    startedAt,
    endedAt: new Date().toISOString(),
    node: process.version,
    processors: cpus().map(({ model }) => model),
    quick: options.quick,
    rounds: options.rounds,
    scale: options.quick ? QUICK_SCALE : FULL_SCALE,
    ok: results.every(({ problems }) => problems.length === 0),
    results,
  };
}

process.exitCode = await runProgram(
  { parse: parseBenchOptions, help: HELP, run: measure },
  process.argv.slice(2),
);
process.exit();
