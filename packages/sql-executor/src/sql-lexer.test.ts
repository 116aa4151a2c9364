import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SqlLexer } from "./sql-lexer.ts";

function read(sql: string): [string, string][] {
  const lexer = new SqlLexer(sql);
  const tokens: [string, string][] = [];
  while (lexer.next()) tokens.push([lexer.kind, lexer.value]);
  return tokens;
}

describe("SqlLexer", () => {
  test.each<[string, [string, string][]]>([
    [
      "'a''b\\'c' x",
      [
        ["string", "'a''b\\'c'"],
        ["word", "x"],
      ],
    ],
    [
      '"it\'s" `a``b`',
      [
        ["string", '"it\'s"'],
        ["quoted-name", "`a``b`"],
      ],
    ],
    [
      "`\\` x",
      [
        ["quoted-name", "`\\`"],
        ["word", "x"],
      ],
    ],
    [
      "a--b",
      [
        ["word", "a"],
        ["punctuation", "-"],
        ["punctuation", "-"],
        ["word", "b"],
      ],
    ],
    [
      "a-- b\nc",
      [
        ["word", "a"],
        ["word", "c"],
      ],
    ],
    ["a --", [["word", "a"]]],
    [
      "a#b ' \n c",
      [
        ["word", "a"],
        ["word", "c"],
      ],
    ],
    [
      "a/* ' \" ` */b",
      [
        ["word", "a"],
        ["word", "b"],
      ],
    ],
    [
      "1.5INTO",
      [
        ["number", "1.5"],
        ["word", "INTO"],
      ],
    ],
    [
      "1e5INTO",
      [
        ["number", "1e5"],
        ["word", "INTO"],
      ],
    ],
    [
      "1UNION",
      [
        ["number", "1"],
        ["word", "UNION"],
      ],
    ],
    [
      ":a ? a:=1",
      [
        ["named-placeholder", ":a"],
        ["placeholder", "?"],
        ["word", "a"],
        ["punctuation", ":"],
        ["punctuation", "="],
        ["number", "1"],
      ],
    ],
    [
      "@@global.x @`y`",
      [
        ["variable-mark", "@@"],
        ["word", "global"],
        ["punctuation", "."],
        ["word", "x"],
        ["variable-mark", "@"],
        ["quoted-name", "`y`"],
      ],
    ],
    ["'never", [["unterminated", "'never"]]],
    [
      "a /* never",
      [
        ["word", "a"],
        ["unterminated", "/* never"],
      ],
    ],
    ["größe😀", [["word", "größe😀"]]],
    [
      "a\u00a0b \u3000c",
      [
        ["word", "a\u00a0b"],
        ["word", "\u3000c"],
      ],
    ],
    ["", []],
    ["  -- only\n#comments\n/* here */ ", []],
  ])("reads %s", (sql, expected) => {
    expect(read(sql)).toEqual(expected);
  });

  test("ends on any text, with tokens in order that do not overlap", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("'", '"', "`", "\\", "/*", "*/", "--", "-- ", "#", "\n", "?", ":x", "@", ";", "SELECT"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const lexer = new SqlLexer(pieces.join(""));
        let end = 0;
        while (lexer.next()) {
          expect(lexer.start).toBeGreaterThanOrEqual(end);
          expect(lexer.end).toBeGreaterThan(lexer.start);
          end = lexer.end;
        }
        expect(end).toBeLessThanOrEqual(lexer.text.length);
      }),
    );
  });
});
