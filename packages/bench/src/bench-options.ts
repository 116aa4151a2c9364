import { FLAVOURS, type Flavour } from "@understudy/protocol";
import { oneOf, optionInvalid, parseOptions, wholeNumber } from "@understudy/sandbox";

/** What can be measured, in the order in which it runs. */
export const SUITES = ["apply", "lag", "memory", "http", "acks", "after", "keys"] as const;
/** @see SUITES */
export type SuiteName = (typeof SUITES)[number];

/** What the command line of `pnpm bench` asks for. */
export interface BenchOptions {
  readonly help: boolean;
  readonly suites: readonly SuiteName[];
  readonly flavours: readonly Flavour[];
  readonly quick: boolean;
  /** How often everything but memory is repeated. */
  readonly rounds: number;
  /** Where the results go as JSON. */
  readonly jsonFile: string;
}

const ROUNDS_MAX = 50;
const ROUNDS_DEFAULT = 3;
const ROUNDS_QUICK = 1;

/** Text of `--help`. */
export const HELP = `pnpm bench -- [options]

Measures Understudy beside the server's own replication, a mysql2 pool and its own cheaper ways, on private servers of this
machine.

  --only LIST      of ${SUITES.join(", ")}; default all
  --flavour NAME   ${FLAVOURS.join(" or ")}; default both
  --rounds N       repetitions of all but memory, in changing order; default ${ROUNDS_DEFAULT}, with --quick ${ROUNDS_QUICK}
  --quick          small amounts, under 6 minutes: a smoke test, no figures to quote
  --json FILE      where the results go; default bench-results.json
  --help           this text

The table goes to stdout, progress to stderr. Exit code 1 where anything failed or a replica's rows differ, 2 for a
wrong option. See docs/benchmarks.md.
`;

/** Reads the command line. Throws `config-invalid` with one sentence for what it does not understand. */
export function parseBenchOptions(commandLine: readonly string[]): BenchOptions {
  const values = parseOptions(commandLine, {
    help: { type: "boolean", short: "h" },
    only: { type: "string" },
    flavour: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean" },
    json: { type: "string" },
  });
  const quick = values.quick ?? false;
  return {
    help: values.help ?? false,
    suites: suitesOf(values.only),
    flavours: values.flavour === undefined ? FLAVOURS : [oneOf("--flavour", values.flavour, FLAVOURS)],
    quick,
    rounds:
      wholeNumber("--rounds", values.rounds, { min: 1, max: ROUNDS_MAX }) ??
      (quick ? ROUNDS_QUICK : ROUNDS_DEFAULT),
    jsonFile: values.json ?? "bench-results.json",
  };
}

function suitesOf(text: string | undefined): readonly SuiteName[] {
  if (text === undefined) return SUITES;
  const names = text.split(",").filter(Boolean);
  const unknown = names.find((name) => !SUITES.some((suite) => suite === name));
  if (unknown !== undefined || names.length === 0) {
    throw optionInvalid(`--only takes ${SUITES.join(", ")}, separated by commas, not "${unknown ?? text}"`);
  }
  return SUITES.filter((suite) => names.includes(suite));
}
