import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stderr, stdout } from "node:process";
import { messageOf, systemRandom } from "@understudy/kernel";
import { HELP, parseChaosOptions, type ChaosOptions } from "./chaos-options.ts";
import { formatResults } from "./result-table.ts";
import { runDrills } from "./run-drills.ts";

const EXIT_FAILED = 1;

async function main(): Promise<number> {
  try {
    const options = parseChaosOptions(process.argv.slice(2), systemRandom);
    if (options.help) {
      stdout.write(HELP);
      return 0;
    }
    return await drill(options);
  } catch (error) {
    tell(messageOf(error));
    return EXIT_FAILED;
  }
}

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

function tell(line: string): void {
  stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

process.exitCode = await main();
process.exit();
