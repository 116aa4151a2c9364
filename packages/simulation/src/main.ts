import { stdout } from "node:process";
import { parseArgs } from "node:util";
import { BROKEN_RULES } from "@understudy/election";
import { FAULT_NAMES } from "./faults.ts";
import { simulate } from "./simulate.ts";

const EXIT_FAILED = 1;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      seeds: { type: "string", default: "1" },
      flavour: { type: "string", default: "mysql" },
      broken: { type: "string" },
      focus: { type: "string" },
      log: { type: "boolean", default: false },
    },
  });
  const first = Number(values.seed);
  const count = Number(values.seeds);
  const flavour = values.flavour === "mariadb" ? "mariadb" : "mysql";
  const broken = BROKEN_RULES.find((rule) => rule === values.broken) ?? null;
  const focus = FAULT_NAMES.find((name) => name === values.focus) ?? null;
  const total = { confirmedByAcks: 0, confirmedAlone: 0, reads: 0, terms: 0, together: 0, togetherMax: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const result = await simulate({ seed, flavour, broken, focus });
    if (result.violations.length > 0 || (values.log && count === 1)) {
      stdout.write(`${result.log}\n`);
      for (const violation of result.violations) stdout.write(`VIOLATION ${violation}\n`);
      stdout.write(`replay: node packages/simulation/src/main.ts --seed ${seed} --flavour ${flavour}\n`);
      if (result.violations.length > 0) return EXIT_FAILED;
    }
    total.confirmedByAcks += result.confirmedByAcks;
    total.confirmedAlone += result.confirmedAlone;
    total.reads += result.reads;
    total.terms += result.terms;
    total.together += result.togetherAfterMs;
    total.togetherMax = Math.max(total.togetherMax, result.togetherAfterMs);
  }
  stdout.write(`${count} seeds from ${first}: ${JSON.stringify(total)}\n`);
  return 0;
}

process.exitCode = await main();
