import { expect, test } from "vitest";
import { cellText, keyValue, literalOf, readLiteral, valueLines } from "./cell-text.ts";
import { columnsInSight, GRID_START, gridRows, moveColumn } from "./grid-model.ts";
import { rowText } from "./row-text.ts";

const text = { name: "t", type: "varchar(255)" };
const big = { name: "b", type: "BIGINT UNSIGNED" };
const bytes = { name: "x", type: "VARBINARY" };
const base64 = Buffer.from([0, 1, 0xff]).toString("base64");

test("null, the text NULL, empty text and bytes are told apart", () => {
  expect(cellText(null, text)).toBe("NULL");
  expect(cellText("NULL", text)).toBe("'NULL'");
  expect(cellText("", text)).toBe("''");
  expect(cellText(base64, bytes)).toBe("3 B 0x0001ff");
  expect(cellText(base64, text)).toBe(base64);
});

for (const value of [null, "", "NULL", " blank ", "it's", "'quoted'", "a\nb", "0x00", "7", "東京 🚀"]) {
  test(`${JSON.stringify(value)} is edited without being changed`, () => {
    const literal = literalOf(value, text) ?? "?";
    expect(literal.trim()).toBe(literal);
    expect(readLiteral(literal, text)).toEqual({ value });
  });
}

test("literals are read by their column's type, and no digit is lost", () => {
  expect(readLiteral("18446744073709551615", big)).toEqual({
    value: { $type: "bigint", value: "18446744073709551615" },
  });
  expect(readLiteral("1.50", { name: "d", type: "decimal(10,2)" })).toEqual({
    value: { $type: "decimal", value: "1.50" },
  });
  expect(readLiteral("7", { name: "i", type: "int(11)" })).toEqual({ value: 7 });
  expect(readLiteral('{"a":1}', { name: "j", type: "json" })).toEqual({
    value: { $type: "json", value: '{"a":1}' },
  });
  expect(readLiteral("0x0001ff", bytes)).toEqual({ value: Buffer.from([0, 1, 0xff]) });
  expect(readLiteral("''", bytes)).toEqual({ value: Buffer.alloc(0) });
  expect(readLiteral("abc", bytes)).toHaveProperty("error");
  expect(keyValue("9007199254740993", big)).toEqual({ $type: "bigint", value: "9007199254740993" });
  expect(keyValue(base64, bytes)).toEqual({ $type: "blob", value: base64 });
});

test("a row's detail has JSON indented, bytes in hexadecimal and long text whole", () => {
  expect(valueLines('{"a":[1]}', text)).toEqual(["{", '  "a": [', "    1", "  ]", "}"]);
  expect(valueLines(base64, bytes)).toEqual(["3 B", `0000  ${"00 01 ff".padEnd(48)} ···`]);
  const long = "x".repeat(1_000);
  const rows = gridRows([text, bytes], [{ t: long, x: null }]);
  expect(rows.cells[0]?.[0]?.length).toBeLessThan(210);
  expect(rowText(rows, 0)).toBe(`t (varchar(255)): ${long}\nx (varbinary): NULL`);
  expect(rowText(rows, 1)).toBe("");
});

test("a wide grid scrolls sideways so that the chosen column is in sight", () => {
  const widths = [10, 10, 10, 200];
  const place = { widths, width: 30 };
  expect(columnsInSight(widths, 30, GRID_START)).toEqual({ first: 0, widths: [10, 10] });
  const third = moveColumn(GRID_START, 2, place);
  expect(third).toMatchObject({ column: 2, first: 1 });
  expect(moveColumn(third, -1, place)).toMatchObject({ column: 1, first: 1 });
  const last = moveColumn(third, 5, place);
  expect(columnsInSight(widths, 30, last)).toEqual({ first: 3, widths: [28] });
});
