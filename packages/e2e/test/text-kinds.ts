import type { Random } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { columnKind, oneOf, same, wholeNumber, type ColumnKind } from "./column-kind.ts";

const PLAIN = ["a", "Z", "0", " ", "'", '"', "\\", "%", "_", "\n", "\t", "\u0000", "`", ";"];
const WESTERN = [...PLAIN, "ä", "ß", "é"];
const EASTERN = [...PLAIN, "日", "本", "あ"];
const BASIC = [...WESTERN, ...EASTERN, "€", "\uffee"];
const WHOLE = [...BASIC, "🎭", "🐘", "𝒜", "👩‍👩‍👧", "\u{10ffff}"];

/** Character sets and the letters that they have; those with `WHOLE` hold all of Unicode. */
const CHARSETS: readonly (readonly [charset: string, letters: readonly string[]])[] = [
  ["utf8mb4", WHOLE],
  ["utf16", WHOLE],
  ["utf16le", WHOLE],
  ["utf32", WHOLE],
  ["utf8mb3", BASIC],
  ["ucs2", BASIC],
  ["latin1", WESTERN],
  ["sjis", EASTERN],
  ["gbk", EASTERN],
];

/** A column of every character set, and of every type of text. */
export function textKinds(flavour: Flavour): ColumnKind[] {
  const charsets = flavour === "mysql" ? [...CHARSETS, ["gb18030", WHOLE] as const] : CHARSETS;
  return [
    ...charsets.map(([charset, letters]) =>
      textKind(letters, { name: `c_${charset}`, sqlType: `VARCHAR(60) CHARACTER SET ${charset}`, max: 60 }),
    ),
    textKind(WHOLE, { name: "c_char", sqlType: "CHAR(60)", max: 60 }),
    textKind(WHOLE, { name: "c_binary_order", sqlType: "VARCHAR(60) COLLATE utf8mb4_bin", max: 60 }),
    textKind(WHOLE, { name: "c_tinytext", sqlType: "TINYTEXT", max: 250 }),
    textKind(WHOLE, { name: "c_text", sqlType: "TEXT", max: 65_000 }),
    textKind(WHOLE, { name: "c_mediumtext", sqlType: "MEDIUMTEXT", max: 70_000 }),
    textKind(WHOLE, { name: "c_longtext", sqlType: "LONGTEXT", max: 70_000 }),
  ];
}

function textKind(
  letters: readonly string[],
  { name, sqlType, max }: { readonly name: string; readonly sqlType: string; readonly max: number },
): ColumnKind {
  const last = letters.at(-1) ?? "";
  const isBytes = sqlType.endsWith("TEXT");
  const perLetter = isBytes ? Buffer.byteLength(last) : Array.from(last).length;
  return columnKind({
    name,
    sqlType,
    type: sqlType.split(/[ (]/, 1).join(""),
    extremes: [
      same(""),
      same(last.repeat(Math.floor(max / perLetter))),
      same("NULL"),
      same("'; DROP TABLE every; --"),
      same(letters.join("")),
    ],
    any: (random) => same(anyText(letters, random)),
  });
}

/** A CHAR column gives back no blanks from its end, so that there are none. */
function anyText(letters: readonly string[], random: Random): string {
  const text = Array.from({ length: wholeNumber(0, 8, random) }, () => oneOf(letters, random)).join("");
  return text.replace(/ +$/, "");
}
