import type { Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import {
  anyBytes,
  bytes,
  columnKind,
  digits,
  double,
  oneOf,
  same,
  tagged,
  wholeNumber,
  type ColumnKind,
  type GeneratedColumn,
  type Sample,
} from "./column-kind.ts";
import { geometryKinds } from "./geometry-kinds.ts";
import { temporalKinds } from "./temporal-kinds.ts";
import { textKinds } from "./text-kinds.ts";

/** A column of every type that the flavour and version has. */
export function columnKinds(flavour: Flavour, version: string): readonly ColumnKind[] {
  return [
    ...integerKinds(),
    ...fractionKinds(),
    ...bitKinds(),
    ...temporalKinds(),
    ...textKinds(flavour),
    ...binaryKinds(),
    ...setKinds(),
    jsonKind(),
    ...geometryKinds(flavour),
    hiddenKind(),
    ...(flavour === "mariadb" ? mariadbKinds(version) : mysqlKinds(version)),
  ];
}

/** Columns that the server computes, which replicate with the rest of the row. */
export const GENERATED_COLUMNS: readonly GeneratedColumn[] = [
  {
    name: "g_virtual",
    definition: "BIGINT AS (i_int + 1) VIRTUAL",
    type: "BIGINT",
    from: "i_int",
    compute: (value) => String(Number(value) + 1),
  },
  {
    name: "g_stored",
    definition: "BIGINT AS (i_int * 2) STORED",
    type: "BIGINT",
    from: "i_int",
    compute: (value) => String(Number(value) * 2),
  },
  {
    name: "g_text",
    definition: "VARCHAR(100) CHARACTER SET utf8mb4 AS (CONCAT('🎭', c_utf8mb4)) STORED",
    type: "VARCHAR",
    from: "c_utf8mb4",
    compute: (value) => `🎭${value}`,
  },
];

function integerKinds(): ColumnKind[] {
  const widths = [
    ["TINYINT", 8],
    ["SMALLINT", 16],
    ["MEDIUMINT", 24],
    ["INT", 32],
    ["BIGINT", 64],
  ] as const;
  return widths.flatMap(([type, bits]) =>
    [false, true].map((unsigned) => {
      const min = unsigned ? 0n : -(2n ** BigInt(bits - 1));
      const max = 2n ** BigInt(unsigned ? bits : bits - 1) - 1n;
      const sampleOf = (value: bigint): Sample =>
        bits === 64 ? tagged("bigint", String(value)) : same(Number(value));
      return columnKind({
        name: `${unsigned ? "u" : "i"}_${type.toLowerCase()}`,
        sqlType: `${type}${unsigned ? " UNSIGNED" : ""}`,
        extremes: [min, max, 0n, 1n, max - 1n].map(sampleOf),
        any: (random) => sampleOf(min + (BigInt(Math.floor(random() * 2 ** 53)) * (max - min)) / 2n ** 53n),
      });
    }),
  );
}

function fractionKinds(): ColumnKind[] {
  const nines = (count: number): string => "9".repeat(count);
  const sign = (random: Random): string => (random() < 0.5 ? "-" : "");
  return [
    columnKind({
      name: "n_decimal_65_30",
      sqlType: "DECIMAL(65,30)",
      extremes: [
        `${nines(35)}.${nines(30)}`,
        `-${nines(35)}.${nines(30)}`,
        `0.${"0".repeat(29)}1`,
        `-0.${"0".repeat(29)}1`,
        `0.${"0".repeat(30)}`,
      ].map((text) => tagged("decimal", text)),
      any: (random) =>
        tagged(
          "decimal",
          sign(random) + digits(wholeNumber(1, 35, random), random) + `.${digits(30, random)}`,
        ),
    }),
    columnKind({
      name: "n_decimal_65_0",
      sqlType: "DECIMAL(65,0)",
      extremes: [nines(65), `-${nines(65)}`, "0"].map((text) => tagged("decimal", text)),
      any: (random) => tagged("decimal", sign(random) + digits(wholeNumber(1, 65, random), random)),
    }),
    columnKind({
      name: "n_decimal",
      sqlType: "DECIMAL(10,2)",
      extremes: ["99999999.99", "-99999999.99", "0.00", "0.01"].map((text) => tagged("decimal", text)),
      any: (random) => tagged("decimal", `${sign(random)}${digits(6, random)}.${digits(2, random)}`),
    }),
    columnKind({
      name: "n_double",
      sqlType: "DOUBLE",
      extremes: [Number.MAX_VALUE, -Number.MAX_VALUE, 2.2250738585072014e-308, 0, 0.1, 2 ** 53 + 2].map(
        double,
      ),
      any: (random) => double((random() - 0.5) * 10 ** wholeNumber(-300, 300, random)),
    }),
    // a server prints a FLOAT with 6 digits
    columnKind({
      name: "n_float",
      sqlType: "FLOAT",
      extremes: [3.40282e38, -3.40282e38, 1.17549e-38, 0, 0.1, 16777200].map(double),
      any: (random) => double(Number(((random() - 0.5) * 10 ** wholeNumber(-30, 30, random)).toPrecision(5))),
    }),
  ];
}

function bitKinds(): ColumnKind[] {
  return [1, 8, 13, 64].map((width) => {
    const size = Math.ceil(width / 8);
    const top = 2n ** BigInt(width) - 1n;
    const sampleOf = (value: bigint): Sample =>
      bytes(Buffer.from(value.toString(16).padStart(size * 2, "0"), "hex"));
    return columnKind({
      name: `bit_${width}`,
      sqlType: `BIT(${width})`,
      extremes: [0n, top, 1n, 1n << BigInt(width - 1)].map(sampleOf),
      any: (random) => sampleOf((BigInt(Math.floor(random() * 2 ** 53)) * top) / 2n ** 53n),
    });
  });
}

function binaryKinds(): ColumnKind[] {
  const sizes = [
    ["VARBINARY(300)", 300, "VARBINARY"],
    ["TINYBLOB", 255, "TINYBLOB"],
    ["BLOB", 65_535, "BLOB"],
    ["MEDIUMBLOB", 70_000, "MEDIUMBLOB"],
    ["LONGBLOB", 70_000, "LONGBLOB"],
  ] as const;
  const filled = (size: number): Sample => bytes(Buffer.alloc(size, Buffer.from([0, 255, 39, 92, 10, 26])));
  return [
    columnKind({
      name: "b_binary",
      sqlType: "BINARY(16)",
      extremes: [bytes(Buffer.alloc(16)), bytes(Buffer.alloc(16, 255)), bytes(Buffer.alloc(16, 32))],
      any: (random) => bytes(anyBytes(16, 16, random)),
    }),
    ...sizes.map(([sqlType, max, type]) =>
      columnKind({
        name: `b_${type.toLowerCase()}`,
        sqlType,
        extremes: [filled(0), filled(max), bytes(Buffer.from([0])), bytes(Buffer.from("'; --\\\0"))],
        any: (random) => bytes(anyBytes(0, 40, random)),
      }),
    ),
  ];
}

function setKinds(): ColumnKind[] {
  const moods = ["small", "größe", "🎭", "it''s", ""];
  const members = Array.from({ length: 64 }, (_, index) => `m${index}`);
  const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(",");
  const written = moods.map((mood) => same(mood.replaceAll("''", "'")));
  return [
    columnKind({
      name: "e_enum",
      sqlType: `ENUM(${list(moods)})`,
      type: "ENUM",
      extremes: written,
      any: (random) => oneOf(written, random),
    }),
    columnKind({
      name: "e_set",
      sqlType: `SET(${list(members)})`,
      type: "SET",
      extremes: [same(""), same(members.join(",")), same("m63"), same("m0,m63")],
      any: (random) => same(members.filter(() => random() < 0.1).join(",")),
    }),
  ];
}

/** In the form into which MySQL brings it by itself, since MariaDB keeps the text. */
function jsonKind(): ColumnKind {
  return columnKind({
    name: "j_json",
    sqlType: "JSON",
    extremes: ["null", "[]", "{}", '"🎭"', "18446744073709551615", "-9223372036854775808", "2.5"].map(
      (text) => tagged("json", text),
    ),
    any: (random) =>
      tagged(
        "json",
        `{"n": ${wholeNumber(-1000, 1000, random)}, "list": [true, null, [${digits(9, random)}]], "text": "größe 🎭"}`,
      ),
  });
}

/** Left out by `SELECT *`, but a part of the row. */
function hiddenKind(): ColumnKind {
  return columnKind({
    name: "h_hidden",
    sqlType: "INT",
    attributes: "INVISIBLE",
    extremes: [same(7)],
    any: (random) => same(wholeNumber(0, 1000, random)),
  });
}

function mariadbKinds(version: string): ColumnKind[] {
  const group = (random: Random): string => wholeNumber(1, 0xffff, random).toString(16);
  const inet6 = columnKind({
    name: "m_inet6",
    sqlType: "INET6",
    extremes: ["::", "::1", Array.from({ length: 8 }, () => "ffff").join(":"), "2001:db8::ff00:42:8329"].map(
      same,
    ),
    any: (random) => same(Array.from({ length: 8 }, () => group(random)).join(":")),
  });
  if (version.startsWith("10.6.")) return [inet6];
  const hex = (random: Random): string => Buffer.from(anyBytes(16, 16, random)).toString("hex");
  return [
    inet6,
    columnKind({
      name: "m_inet4",
      sqlType: "INET4",
      extremes: [same("0.0.0.0"), same("255.255.255.255")],
      any: (random) => same(anyBytes(4, 4, random).join(".")),
    }),
    columnKind({
      name: "m_uuid",
      sqlType: "UUID",
      extremes: [
        same("00000000-0000-0000-0000-000000000000"),
        same("ffffffff-ffff-ffff-ffff-ffffffffffff"),
        same("123e4567-e89b-12d3-a456-426614174000"),
      ],
      any: (random) => same(hex(random).replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-")),
    }),
  ];
}

function mysqlKinds(version: string): ColumnKind[] {
  if (Number.parseInt(version, 10) < 9) return [];
  const vector = (numbers: readonly number[]): Sample =>
    bytes(new Uint8Array(Float32Array.from(numbers).buffer));
  return [
    columnKind({
      name: "m_vector",
      sqlType: "VECTOR(3)",
      extremes: [vector([0, -1, 3.4e38])],
      any: (random) => vector([random(), -random(), random() * 1e20]),
    }),
  ];
}
