import { expect, test } from "vitest";
import { createForm, pasteIntoForm, pressForm, type FormModel } from "./form-model.ts";
import { fuzzyFilter } from "./fuzzy-match.ts";
import { bytesInWords, paceWords, progressBar, sparkline } from "./progress.ts";
import { moveTable, settled, sortedBy, TABLE_START } from "./table-model.ts";
import { cellsOf, cutTo, fit, wrapped } from "./text-cells.ts";
import { cursorPlace, editText, insertText, textEditor, type TextEditor } from "./text-editor.ts";
import { treeLines } from "./tree.ts";
import { parseRecord, parseValue, parseWhere } from "./value-text.ts";

const key = (name: string) => ({ name, text: name.length === 1 ? name : "" });
const typed = (editor: TextEditor, ...names: readonly string[]): TextEditor =>
  names.reduce((one, name) => editText(one, key(name), true) ?? one, editor);

test("an editor edits at its cursor, by graphemes, words and lines", () => {
  expect(typed(textEditor("ab"), "Left", "x")).toEqual({ text: "axb", cursor: 2 });
  expect(typed(textEditor("a👩‍👩‍👧b"), "Left", "Backspace").text).toBe("ab");
  expect(typed(textEditor("one two"), "Ctrl-w").text).toBe("one ");
  expect(typed(textEditor("one two"), "Home", "Ctrl-k").text).toBe("");
  const two = typed(textEditor("abc"), "Enter", "d", "Up");
  expect(two.text).toBe("abc\nd");
  expect(cursorPlace(two)).toEqual({ line: 0, column: 1 });
  expect(editText(textEditor("a"), key("Enter"))).toBeNull();
});

test("pasted text loses what a terminal would obey, and its line breaks in a field of one line", () => {
  expect(insertText(textEditor(), "a\u001B[31m\r\nb\n").text).toBe("a[31m b");
  expect(insertText(textEditor(), "a\r\nb", true).text).toBe("a\nb");
});

test("a form goes on with Enter, says what is missing, and submits on the last field", () => {
  const form = createForm([
    { id: "a", label: "first" },
    { id: "b", label: "second", isOptional: true, check: (text) => (text === "x" ? "not x." : null) },
  ]);
  const missing = pressForm(form, key("Enter"));
  expect(missing).toMatchObject({ kind: "editing", form: { error: "first is needed.", focus: 0 } });
  const steps = ["1", "Enter", "x"].reduce<FormModel>((one, name) => {
    const outcome = pressForm(one, key(name));
    return outcome.kind === "editing" ? outcome.form : one;
  }, form);
  expect(pressForm(steps, key("Enter"))).toMatchObject({ kind: "editing", form: { error: "not x." } });
  expect(pressForm(pasteIntoForm(steps, "y"), key("Enter"))).toMatchObject({
    kind: "submitted",
    values: { a: "1", b: "xy" },
  });
  expect(pressForm(form, key("Esc"))).toEqual({ kind: "cancelled" });
});

test("a table keeps its chosen row in sight", () => {
  const extent = { count: 20, visible: 5 };
  expect(moveTable(TABLE_START, "G", extent)).toMatchObject({ cursor: 19, offset: 15 });
  expect(moveTable(TABLE_START, "k", extent)).toMatchObject({ cursor: 0, offset: 0 });
  expect(settled({ cursor: 19, offset: 15, sort: null }, { count: 3, visible: 5 })).toMatchObject({
    cursor: 2,
    offset: 0,
  });
  expect(moveTable(TABLE_START, "x", extent)).toBeNull();
  expect(sortedBy(sortedBy(sortedBy(TABLE_START, 1), 1), 1).sort).toBeNull();
});

test("text fits in cells, whatever its script, and never moves the cursor", () => {
  for (const text of ["東京ノード", "🚀🚀🚀", "a\u001B[2Jb", "e\u0301e\u0301e\u0301e\u0301"]) {
    for (const width of [1, 3, 4, 9]) expect(cellsOf(fit(text, width))).toBe(width);
  }
  expect(cutTo("abcdef", 4)).toBe("abc…");
  expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrapped("東京東京", 4)).toEqual(["東京", "東京"]);
});

test("bars, sparklines and paces say how far things are", () => {
  expect(progressBar(0.5, 17)).toBe("▕█████·····▏ 50%");
  expect(sparkline([0, 1, 8], 5)).toBe("  ▁▂█");
  const samples = [
    { atMs: 0, done: 0 },
    { atMs: 1_000, done: 2e6 },
  ];
  expect(paceWords(samples, 12e6, bytesInWords)).toBe("2.0 MB/s, 5.0 s left");
  expect(paceWords(samples.slice(1), 12e6, bytesInWords)).toBe("");
});

test("a palette finds by the letters' order, beginnings first", () => {
  expect(fuzzyFilter("ov", ["Move on", "Overview", "Menu"], String)).toEqual(["Overview", "Move on"]);
});

test("a tree has branches", () => {
  const leaf = (label: string) => ({ label, children: [] });
  expect(treeLines({ label: "a", children: [{ label: "b", children: [leaf("c")] }, leaf("d")] })).toEqual([
    "a",
    "├─ b",
    "│  └─ c",
    "└─ d",
  ]);
});

test("records and conditions are read from pairs and from JSON", () => {
  expect(parseRecord("id=1, name='Ada, \\'L\\'', zip=007, big=9007199254740993, gone=null, ok=true")).toEqual(
    {
      value: { id: 1, name: "Ada, 'L'", zip: "007", big: "9007199254740993", gone: null, ok: true },
    },
  );
  expect(parseRecord('{"id": 2}')).toEqual({ value: { id: 2 } });
  expect(parseWhere("id>=1, id<5, a=null, b!=null")).toEqual({
    value: { id: { $gte: 1, $lt: 5 }, a: { $isNull: true }, b: { $isNull: false } },
  });
  expect(parseRecord("id>1")).toEqual({ error: 'id takes "=", not ">".' });
  expect(parseRecord("nonsense")).toEqual({ error: '"nonsense" is no column=value.' });
  expect(parseRecord("{x")).toHaveProperty("error");
  expect(parseValue("''")).toBe("");
});
