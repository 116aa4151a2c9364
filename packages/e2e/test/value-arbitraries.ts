import fc from "fast-check";
import { seededRandom } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { columnKinds } from "./column-catalogue.ts";
import { bytes, double, same, tagged, type Sample } from "./column-kind.ts";

/** A column for which any valid values can be made, smaller ones where one fails. */
export interface RandomColumn {
  readonly name: string;
  /** What follows the name in CREATE TABLE. */
  readonly definition: string;
  readonly values: fc.Arbitrary<Sample>;
  /** Values mean the same where this is equal; left out: only where they are equal. */
  readonly meaning?: (output: unknown) => unknown;
}

const NULL: Sample = { input: null, output: null };
/** More than any column of the catalogue has extremes, and below every row that is NULL by rule. */
const SEEDS_FOR_EXTREMES = 12;

/** A column of every type that the flavour and version has, and more for those whose values have many forms. */
export function randomColumns(flavour: Flavour, version: string): readonly RandomColumn[] {
  const catalogue = columnKinds(flavour, version).map((kind) => ({
    name: kind.name,
    definition: kind.definition,
    values: fc.nat().map((seed) => kind.sample(seed < SEEDS_FOR_EXTREMES ? seed : 1_000, seededRandom(seed))),
  }));
  const more = [
    ...integerColumns(),
    ...decimalColumns(),
    ...bitColumns(),
    ...temporalColumns(),
    ...textAndBytesColumns(),
    jsonColumn(),
  ].map((column) => ({ ...column, values: fc.option(column.values, { nil: NULL, freq: 12 }) }));
  return [...catalogue, ...more];
}

function integerColumns(): RandomColumn[] {
  const bigint = (min: bigint, max: bigint): fc.Arbitrary<Sample> =>
    fc.bigInt({ min, max }).map((value) => tagged("bigint", String(value)));
  const safe = fc.maxSafeInteger().map((value) => ({ input: value, output: String(value) }));
  return [
    {
      name: "x_bigint",
      definition: "BIGINT NULL",
      values: fc.oneof(bigint(-(2n ** 63n), 2n ** 63n - 1n), safe),
    },
    { name: "x_unsigned", definition: "BIGINT UNSIGNED NULL", values: bigint(0n, 2n ** 64n - 1n) },
    {
      name: "x_boolean",
      definition: "BOOLEAN NULL",
      values: fc.boolean().map((value) => ({ input: value, output: value ? 1 : 0 })),
    },
    {
      name: "x_double",
      definition: "DOUBLE NULL",
      // JSON knows no negative zero
      values: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => double(value + 0)),
    },
  ];
}

function decimalColumns(): RandomColumn[] {
  const shapes = [
    [65, 30],
    [65, 0],
    [38, 10],
    [5, 5],
    [1, 0],
  ] as const;
  return shapes.map(([precision, scale]) => ({
    name: `x_decimal_${precision}_${scale}`,
    definition: `DECIMAL(${precision},${scale}) NULL`,
    values: fc
      .tuple(fc.constantFrom("", "-", "+"), digits(precision - scale), digits(scale), fc.boolean())
      .map(([sign, whole, fraction, hasZeros]) => {
        const zeros = hasZeros && whole.length < 60 ? "000" : "";
        const point = fraction === "" ? "" : ".";
        const text = `${sign}${zeros}${whole === "" && (fraction === "" || hasZeros) ? "0" : whole}${point}${fraction}`;
        return { input: { $type: "decimal", value: text } as const, output: asDecimal(text, scale) };
      }),
  }));
}

/** As a server writes it: no needless zero in front, none missing behind, and no sign before zero. */
function asDecimal(text: string, scale: number): string {
  const [whole = "", fraction = ""] = text.replace(/^[+-]/, "").split(".");
  const digitsOnly = `${whole.replace(/^0+(?=.)/, "") || "0"}${scale === 0 ? "" : `.${fraction.padEnd(scale, "0")}`}`;
  return text.startsWith("-") && /[1-9]/.test(digitsOnly) ? `-${digitsOnly}` : digitsOnly;
}

function digits(max: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(..."0123456789".split("")), maxLength: max, size: "max" });
}

/** BIT of every width. */
function bitColumns(): RandomColumn[] {
  return Array.from({ length: 64 }, (_, index) => index + 1).map((width) => ({
    name: `x_bit_${width}`,
    definition: `BIT(${width}) NULL`,
    values: fc
      .bigInt({ min: 0n, max: 2n ** BigInt(width) - 1n })
      .map((value) => bytes(Buffer.from(value.toString(16).padStart(Math.ceil(width / 8) * 2, "0"), "hex"))),
  }));
}

function temporalColumns(): RandomColumn[] {
  const day = fc
    .date({ min: new Date("1000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const sixty = fc.nat({ max: 59 }).map(twoDigits);
  const timeOf = (hours: fc.Arbitrary<number>): fc.Arbitrary<string> =>
    fc.tuple(hours.map(twoDigits), sixty, sixty).map((parts) => parts.join(":"));
  return Array.from({ length: 7 }, (_, fraction) => fraction).flatMap((fraction) => {
    // fewer digits than the column has are filled up
    const given = digits(fraction).map((text) => [
      text === "" ? "" : `.${text}`,
      fraction === 0 ? "" : `.${text.padEnd(fraction, "0")}`,
    ]);
    return [
      {
        name: `x_datetime_${fraction}`,
        definition: `DATETIME(${fraction}) NULL`,
        values: fc
          .tuple(day, timeOf(fc.nat({ max: 23 })), given, fc.constantFrom(" ", "T"))
          .map(([date, time, [sent = "", got = ""], separator]) => ({
            input: { $type: "datetime", value: `${date}${separator}${time}${sent}` } as const,
            output: `${date} ${time}${got}`,
          })),
      },
      {
        name: `x_time_${fraction}`,
        definition: `TIME(${fraction}) NULL`,
        values: fc
          .tuple(fc.constantFrom("", "-"), timeOf(fc.nat({ max: 837 })), given)
          .map(([sign, time, [sent = "", got = ""]]) => {
            const isZero = !/[1-9]/.test(time + got);
            return { input: `${sign}${time}${sent}`, output: `${isZero ? "" : sign}${time}${got}` };
          }),
      },
    ];
  });
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

function textAndBytesColumns(): RandomColumn[] {
  // every code point but the halves of surrogate pairs, NUL and four-byte ones included
  const text = fc.string({ unit: "binary", maxLength: 60 }).map(same);
  const binary = fc.uint8Array({ maxLength: 80 }).map(bytes);
  return [
    { name: "x_varchar", definition: "VARCHAR(60) CHARACTER SET utf8mb4 NULL", values: text },
    { name: "x_text", definition: "LONGTEXT CHARACTER SET utf8mb4 NULL", values: text },
    {
      name: "x_quoted",
      definition: "TEXT CHARACTER SET utf8mb4 NULL",
      values: fc
        .string({ unit: fc.constantFrom("🎭", ..."\\'\"`?:;-/*#%_\0\n\r\u001a é".split("")) })
        .map(same),
    },
    { name: "x_varbinary", definition: "VARBINARY(80) NULL", values: binary },
    { name: "x_blob", definition: "LONGBLOB NULL", values: binary },
  ];
}

/** A server may write a document in another way, with the same meaning. */
function jsonColumn(): RandomColumn {
  return {
    name: "x_json",
    definition: "JSON NULL",
    values: fc.json({ stringUnit: "binary", maxDepth: 4 }).map((text) => tagged("json", text)),
    meaning: (output) => (typeof output === "string" ? (JSON.parse(output) as unknown) : output),
  };
}
