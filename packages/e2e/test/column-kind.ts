import type { Random } from "@understudy/kernel";
import type { InputValue, OutputValue } from "@understudy/protocol";

/** A value as it is sent, and as `/query` has to give it back. */
export interface Sample {
  readonly input: InputValue;
  readonly output: OutputValue;
}

/** A column of a type that is tried. */
export interface ColumnKind {
  readonly name: string;
  /** What follows the name in CREATE TABLE. */
  readonly definition: string;
  /** The type as `/query` describes it. */
  readonly type: string;
  /** The value of a row: first all extremes, then NULL, then anything. */
  readonly sample: (row: number, random: Random) => Sample;
}

/** A column that the server computes, and what it must be, from the row's other outputs. */
export interface GeneratedColumn {
  readonly name: string;
  readonly definition: string;
  readonly type: string;
  readonly from: string;
  readonly compute: (value: string | number) => OutputValue;
}

/** How a column's values are made. */
export interface KindOptions {
  readonly name: string;
  readonly sqlType: string;
  /** Default: `sqlType` in upper case without what is in parentheses. */
  readonly type?: string;
  readonly attributes?: string;
  readonly extremes: readonly Sample[];
  readonly any: (random: Random) => Sample;
}

const TEXT_TYPES = /^(?:VARCHAR|CHAR|\w*TEXT|ENUM|SET|JSON|UUID|INET[46])$/;

/** The character set that `/query` tells for a column of a type. */
export function charsetOf(type: string): "utf8mb4" | null {
  return TEXT_TYPES.test(type) ? "utf8mb4" : null;
}

const NULL: Sample = { input: null, output: null };
const NULL_SHARE = 0.05;
const EXTREME_SHARE = 0.1;
/** A longer extreme stands in one row only, or the rows would weigh gigabytes. */
const COMMON_CHARACTERS_MAX = 300;

/** A nullable column whose first rows hold its extremes, one after another. */
export function columnKind({ name, sqlType, type, attributes, extremes, any }: KindOptions): ColumnKind {
  const common = extremes.filter(({ output }) => String(output).length <= COMMON_CHARACTERS_MAX);
  return {
    name,
    definition: `${sqlType} NULL${attributes ? ` ${attributes}` : ""}`,
    type: type ?? sqlType.replace(/\(.*?\)/, "").toUpperCase(),
    sample: (row, random) => {
      const extreme = extremes[row];
      if (extreme) return extreme;
      const chance = random();
      if (row === extremes.length || chance < NULL_SHARE) return NULL;
      if (chance < NULL_SHARE + EXTREME_SHARE) return oneOf(common, random);
      return any(random);
    },
  };
}

/** A value that comes back as it is sent. */
export function same(value: string | number): Sample {
  return { input: value, output: value };
}

/** A DOUBLE; whole ones beyond 2⁵³ need a tag, since a node takes no untagged whole number that JSON may round. */
export function double(value: number): Sample {
  const isDoubtful = /^-?\d+$/.test(String(value)) && !Number.isSafeInteger(value);
  if (!isDoubtful) return same(value);
  return { input: { $type: "decimal", value: String(BigInt(value)) }, output: value };
}

/** A value that is sent under a tag and comes back as its text. */
export function tagged($type: "bigint" | "decimal" | "datetime" | "json", value: string): Sample {
  return { input: { $type, value }, output: value };
}

/** Bytes: base64 both ways. */
export function bytes(value: Uint8Array): Sample {
  const text = Buffer.from(value).toString("base64");
  return { input: { $type: "blob", value: text }, output: text };
}

/** One of some. */
export function oneOf<T>(choices: readonly T[], random: Random): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error("there is nothing to choose from");
  return choice;
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(min: number, max: number, random: Random): number {
  return min + Math.floor(random() * (max - min + 1));
}

/** `count` decimal digits, the first of them not 0. */
export function digits(count: number, random: Random): string {
  return Array.from({ length: count }, (_, index) => wholeNumber(index === 0 ? 1 : 0, 9, random)).join("");
}

/** Any bytes, at most `max`. */
export function anyBytes(min: number, max: number, random: Random): Uint8Array {
  return Uint8Array.from({ length: wholeNumber(min, max, random) }, () => wholeNumber(0, 255, random));
}
