import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stdout } from "node:process";
import { systemRandom } from "@understudy/kernel";
import { runProgram, tellProgress as tell } from "@understudy/sandbox";
import { HELP, parseChaosOptions, type ChaosOptions } from "./chaos-options.ts";
import { formatResults } from "./result-table.ts";
import { runDrills } from "./run-drills.ts";

const EXIT_FAILED = 1;

async function drill(options: ChaosOptions): Promise<number> {
  const startedAt = new Date().toISOString();
  tell(`seed ${options.seed}, results go to ${options.directory}`);
  const results = await runDrills(options, { signal: wishToEnd(), tell });
  stdout.write(`${formatResults(results)}\n`);
  const { seed, ack } = options;
  const report = { startedAt, endedAt: new Date().toISOString(), seed, ack, results };
  await writeFile(join(options.directory, "results.json"), `${JSON.stringify(report, null, 2)}\n`);
  const broken = results.filter(({ violations }) => violations.length > 0);
  if (broken.length === 0) return 0;
  tell(`${broken.length} rounds with violations; --seed ${seed} draws the same faults`);
  return EXIT_FAILED;
}

/** Aborts at the signal of a person: the cluster is stopped then, too. */
function wishToEnd(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => stop.abort(new DOMException(`ended by ${name}`, "AbortError")));
  }
  return stop.signal;
}

const parse = (commandLine: readonly string[]): ChaosOptions => parseChaosOptions(commandLine, systemRandom);
process.exitCode = await runProgram({ parse, help: HELP, run: drill }, process.argv.slice(2));
process.exit();
