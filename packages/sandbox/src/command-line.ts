import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { messageOf } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** Reads the options of a program of this repository. Throws `config-invalid` with one sentence for what it does not know. */
export function parseOptions<const T extends ParseArgsOptionsConfig>(
  commandLine: readonly string[],
  options: T,
) {
  try {
    return parseArgs({
      // pnpm passes its own separator on
      args: commandLine.filter((word) => word !== "--"),
      strict: true,
      allowPositionals: false,
      options,
    }).values;
  } catch (error) {
    throw new UnderstudyError("config-invalid", `${sentenceOf(messageOf(error))}; see --help`, {
      cause: error,
    });
  }
}

/** Node explains at length how an option or a word might be meant; its first sentence is what people need. */
function sentenceOf(message: string): string {
  const [sentence = ""] = message.split(/\. |\n/);
  return sentence
    .replace(/\.$/, "")
    .replace(/argument is ambiguous$/, "needs a value (with a = before one that begins with a dash)");
}

/** Null where the option was not given. Throws `config-invalid`. */
export function wholeNumber(
  name: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw optionInvalid(`${name} takes a whole number from ${min} to ${max}, not "${text}"`);
}

/** Throws `config-invalid`. */
export function oneOf<T extends string>(name: string, text: string, all: readonly T[]): T {
  const one = all.find((candidate) => candidate === text);
  if (one !== undefined) return one;
  throw optionInvalid(`${name} takes ${all.join(", ").replace(/, ([^,]*)$/, " or $1")}, not "${text}"`);
}

/** An option that was given what it does not take. */
export function optionInvalid(message: string): UnderstudyError {
  return new UnderstudyError("config-invalid", message);
}
