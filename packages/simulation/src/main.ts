import { stdout } from "node:process";
import { runProgram } from "@understudy/sandbox";
import { simulate } from "./simulate.ts";
import { HELP, parseSimulationOptions, replayOf, type SimulationRunOptions } from "./simulation-options.ts";

const EXIT_FAILED = 1;

async function play(options: SimulationRunOptions): Promise<number> {
  const { seed: first, seeds, flavour, broken, focus } = options;
  const total = { confirmedByAcks: 0, confirmedAlone: 0, reads: 0, terms: 0, together: 0, togetherMax: 0 };
  for (let seed = first; seed < first + seeds; seed++) {
    const result = await simulate({ seed, flavour, broken, focus });
    if (result.violations.length > 0 || (options.log && seeds === 1)) {
      stdout.write(`${result.log}\n`);
      for (const violation of result.violations) stdout.write(`VIOLATION ${violation}\n`);
      stdout.write(`replay: ${replayOf(seed, options)}\n`);
      if (result.violations.length > 0) return EXIT_FAILED;
    }
    total.confirmedByAcks += result.confirmedByAcks;
    total.confirmedAlone += result.confirmedAlone;
    total.reads += result.reads;
    total.terms += result.terms;
    total.together += result.togetherAfterMs;
    total.togetherMax = Math.max(total.togetherMax, result.togetherAfterMs);
  }
  stdout.write(`${seeds} seeds from ${first}: ${JSON.stringify(total)}\n`);
  return 0;
}

process.exitCode = await runProgram(
  { parse: parseSimulationOptions, help: HELP, run: play },
  process.argv.slice(2),
);
