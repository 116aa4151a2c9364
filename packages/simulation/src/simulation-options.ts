import { BROKEN_RULES, type BrokenRule } from "@understudy/election";
import { FLAVOURS, type Flavour } from "@understudy/protocol";
import { oneOf, parseOptions, wholeNumber } from "@understudy/sandbox";
import { FAULT_NAMES, type FaultName } from "./faults.ts";

/** What the command line asks for. */
export interface SimulationRunOptions {
  readonly help: boolean;
  /** The first of them. */
  readonly seed: number;
  /** How many, one after another. */
  readonly seeds: number;
  readonly flavour: Flavour;
  readonly broken: BrokenRule | null;
  readonly focus: FaultName | null;
  readonly log: boolean;
}

const SEED = { min: 0, max: 2 ** 31 } as const;
const SEEDS = { min: 1, max: 10_000_000 } as const;
const FLAVOUR_DEFAULT = "mysql";

/** Text of `--help`. */
export const HELP = `node packages/simulation/src/main.ts [options]

Plays whole clusters in simulated time, one for each seed, and checks what was promised to their clients. Equal seeds play the same, to
the last event. Ends with the first seed that breaks a promise: its events and the violations are printed.

  --seed N         the first seed; default 1
  --seeds N        how many seeds, one after another; default 1
  --flavour NAME   ${FLAVOURS.join(" or ")}; default ${FLAVOUR_DEFAULT}
  --broken RULE    the nodes do not keep this rule, so that what it is for must show:
                   ${BROKEN_RULES.join(", ")}
  --focus FAULT    this fault comes more often than others, and clocks go as they like:
                   ${FAULT_NAMES.slice(0, 9).join(", ")},
                   ${FAULT_NAMES.slice(9).join(", ")}
  --log            print the events, too, where one seed keeps all promises
  --help           this text

Exit code 1 where a promise was broken, 2 for a wrong option.
`;

/** Reads the command line. Throws `config-invalid` with one sentence for what it does not understand. */
export function parseSimulationOptions(commandLine: readonly string[]): SimulationRunOptions {
  const values = parseOptions(commandLine, {
    help: { type: "boolean", short: "h" },
    seed: { type: "string" },
    seeds: { type: "string" },
    flavour: { type: "string" },
    broken: { type: "string" },
    focus: { type: "string" },
    log: { type: "boolean" },
  });
  return {
    help: values.help ?? false,
    seed: wholeNumber("--seed", values.seed, SEED) ?? 1,
    seeds: wholeNumber("--seeds", values.seeds, SEEDS) ?? 1,
    flavour: oneOf("--flavour", values.flavour ?? FLAVOUR_DEFAULT, FLAVOURS),
    broken: values.broken === undefined ? null : oneOf("--broken", values.broken, BROKEN_RULES),
    focus: values.focus === undefined ? null : oneOf("--focus", values.focus, FAULT_NAMES),
    log: values.log ?? false,
  };
}

/** The command line that plays one of the seeds again. */
export function replayOf(seed: number, { flavour, broken, focus }: SimulationRunOptions): string {
  const options = [
    `--seed ${seed} --flavour ${flavour}`,
    ...(broken === null ? [] : [`--broken ${broken}`]),
    ...(focus === null ? [] : [`--focus ${focus}`]),
  ];
  return `node packages/simulation/src/main.ts ${options.join(" ")}`;
}
