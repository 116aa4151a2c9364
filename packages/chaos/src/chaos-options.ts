import { FLAVOURS, type Flavour } from "@understudy/protocol";
import { oneOf, parseOptions, wholeNumber } from "@understudy/sandbox";
import { BROKEN_RULES, faultAgainst, type BrokenRule } from "./broken-rules.ts";
import { FAULTS, faultNamed } from "./fault-list.ts";
import { TARGETS, type Fault, type Target } from "./fault.ts";
import { DURING, type During } from "./round-plan.ts";
import type { AckMode } from "./write-client.ts";

/** What the command line of `pnpm chaos` asks for. */
export interface ChaosOptions {
  readonly help: boolean;
  readonly flavours: readonly Flavour[];
  readonly seed: number;
  /** Null: no end but that of the rounds. */
  readonly minutes: number | null;
  /** Of each fault; or of the walk, where no fault is named. Null: until the minutes are over. */
  readonly rounds: number | null;
  /** Empty: a random walk over all of them. */
  readonly faults: readonly Fault[];
  readonly target: Target;
  readonly during: During;
  /** A rule that the nodes do not keep; the run ends with what comes of it. */
  readonly broken: BrokenRule | null;
  readonly ack: AckMode;
  /** Nodes log everything, and timelines hold it. */
  readonly debug: boolean;
  /** Folder of the results. */
  readonly directory: string;
}

const MINUTES_DEFAULT = 10;
const COUNT = { min: 1, max: 10_000 } as const;
const SEED = { min: 1, max: 2 ** 31 } as const;
const ACKS = ["majority", "async"] as const;
/** Enough for what comes of a rule's absence to show. */
const BROKEN_ROUNDS = 6;

/** Text of `--help`. */
export const HELP = `pnpm chaos [options]

Breaks a cluster of three nodes, three database servers and three members of etcd, all of them real processes, while clients
write and read, and checks what was promised to them.

  --fault NAMES    of the list below, separated by commas; a+b is both at once. Default: a random walk over all
  --target WHO     ${TARGETS.join(", ")}: which node is hit; default master, in a walk drawn each time
  --during WHAT    load, or switchover: the fault comes while the lead is handed over; in a walk drawn each time. Or snapshot: while
                   a slave takes a fresh copy of the data from the master; with --target slave it hits that slave
  --rounds N       of each fault, or of the walk
  --minutes N      begin no round after that; default ${MINUTES_DEFAULT}, where --rounds is not given
  --seed N         of the walk and of all chance in the faults; default drawn and told
  --flavour NAME   ${FLAVOURS.join(" or ")}; default both, one after the other
  --ack LEVEL      majority (default), or async: writes that no slave has to have
  --broken RULE    ${BROKEN_RULES.join(", ")}: the nodes do not keep this rule, so that what it is for must show. The run ends
                   with the first violation; default the fault that shows it best, ${BROKEN_ROUNDS} rounds at most
  --debug          nodes log everything, and the timelines hold it
  --out DIR        where results.json and the timelines go; default chaos-results/<time>
  --help           this text

Faults:
${FAULTS.map(({ name, about }) => `  ${name.padEnd(24)} ${about}`).join("\n")}

Progress goes to stderr, the table to stdout. Exit code 1 where anything was violated or failed, 2 for a wrong option. A seed
repeats the faults, not the moments at which they hit.
`;

/** Reads the command line. Throws `config-invalid` with one sentence for what it does not understand. */
export function parseChaosOptions(commandLine: readonly string[], chance: () => number): ChaosOptions {
  const values = parseOptions(commandLine, {
    help: { type: "boolean", short: "h" },
    fault: { type: "string" },
    target: { type: "string" },
    during: { type: "string" },
    rounds: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string" },
    flavour: { type: "string" },
    ack: { type: "string" },
    broken: { type: "string" },
    debug: { type: "boolean" },
    out: { type: "string" },
  });
  const broken = values.broken === undefined ? null : oneOf("--broken", values.broken, BROKEN_RULES);
  const rounds = wholeNumber("--rounds", values.rounds, COUNT) ?? (broken === null ? null : BROKEN_ROUNDS);
  const minutes = wholeNumber("--minutes", values.minutes, COUNT);
  return {
    help: values.help ?? false,
    flavours: values.flavour === undefined ? FLAVOURS : [oneOf("--flavour", values.flavour, FLAVOURS)],
    seed: wholeNumber("--seed", values.seed, SEED) ?? 1 + Math.floor(chance() * 1_000_000),
    minutes: minutes ?? (rounds === null ? MINUTES_DEFAULT : null),
    rounds,
    faults: faultsOf(values.fault, broken),
    broken,
    target: oneOf("--target", values.target ?? "master", TARGETS),
    during: oneOf("--during", values.during ?? "load", DURING),
    ack: oneOf("--ack", values.ack ?? "majority", ACKS),
    debug: values.debug ?? false,
    directory: values.out ?? `chaos-results/${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}`,
  };
}

function faultsOf(names: string | undefined, broken: BrokenRule | null): readonly Fault[] {
  if (names === undefined && broken !== null) return [faultAgainst(broken)];
  return (names ?? "").split(",").filter(Boolean).map(faultNamed);
}
