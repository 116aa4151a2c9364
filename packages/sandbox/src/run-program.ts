import { stderr, stdout } from "node:process";
import { messageOf } from "@understudy/kernel";

/** A program of this repository that is run from a terminal. */
export interface Program<Options extends { readonly help: boolean }> {
  /** Throws one sentence for what it does not understand. */
  readonly parse: (commandLine: readonly string[]) => Options;
  /** Text of `--help`. */
  readonly help: string;
  /** Resolves with the exit code. */
  readonly run: (options: Options) => Promise<number>;
}

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs it and resolves with its exit code: what `run` says, 1 where that throws, 2 for a wrong command line, and 0 for `--help`. Never
 * throws; what went wrong is said on stderr.
 */
export async function runProgram<Options extends { readonly help: boolean }>(
  { parse, help, run }: Program<Options>,
  commandLine: readonly string[],
): Promise<number> {
  let options: Options;
  try {
    options = parse(commandLine);
  } catch (error) {
    stderr.write(`${messageOf(error)}\n`);
    return EXIT_USAGE;
  }
  if (options.help) {
    stdout.write(help);
    return 0;
  }
  try {
    return await run(options);
  } catch (error) {
    tellProgress(messageOf(error));
    return EXIT_FAILED;
  }
}

/** A line with the time on stderr: stdout is for results. */
export function tellProgress(line: string): void {
  stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}
