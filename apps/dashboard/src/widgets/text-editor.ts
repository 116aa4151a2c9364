import type { KeyPress } from "../keys/key-press.ts";

/** A text being written. `cursor` is an offset into it, always between two graphemes. */
export interface TextEditor {
  readonly text: string;
  readonly cursor: number;
}

/** Longest text of a field; more is not taken. */
const TEXT_MAX = 1_000_000;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** An editor with the cursor behind `text`. */
export function textEditor(text = ""): TextEditor {
  return { text, cursor: text.length };
}

/** Puts text in at the cursor. A field of one line takes line breaks as blanks; control characters are left out. */
export function insertText(editor: TextEditor, text: string, isMultiline = false): TextEditor {
  const plain = text.replaceAll(/\r\n?/g, "\n").replaceAll("\t", "  ");
  const lines = isMultiline ? plain : plain.replace(/\n+$/, "").replaceAll("\n", " ");
  const clean = lines.replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, "");
  if (editor.text.length + clean.length > TEXT_MAX) return editor;
  const { text: all, cursor } = editor;
  return { text: all.slice(0, cursor) + clean + all.slice(cursor), cursor: cursor + clean.length };
}

/** The editor after a key; null where the key is none of an editor's. Enter and Up/Down count with `isMultiline` alone. */
export function editText(editor: TextEditor, press: KeyPress, isMultiline = false): TextEditor | null {
  const { text, cursor } = editor;
  if (press.text !== "") return insertText(editor, press.text, isMultiline);
  const lineStart = text.lastIndexOf("\n", cursor - 1) + 1;
  const nextBreak = text.indexOf("\n", cursor);
  const lineEnd = nextBreak === -1 ? text.length : nextBreak;
  switch (press.name) {
    case "Left":
    case "Ctrl-b":
      return { text, cursor: before(text, cursor) };
    case "Right":
    case "Ctrl-f":
      return { text, cursor: behind(text, cursor) };
    case "Alt-b":
    case "Ctrl-Left":
      return { text, cursor: wordStart(text, cursor) };
    case "Alt-f":
    case "Ctrl-Right":
      return { text, cursor: wordEnd(text, cursor) };
    case "Home":
    case "Ctrl-a":
      return { text, cursor: lineStart };
    case "End":
    case "Ctrl-e":
      return { text, cursor: lineEnd };
    case "Backspace":
      return removed(text, before(text, cursor), cursor);
    case "Delete":
    case "Ctrl-d":
      return removed(text, cursor, behind(text, cursor));
    case "Ctrl-w":
      return removed(text, wordStart(text, cursor), cursor);
    case "Ctrl-u":
      return removed(text, lineStart, cursor);
    case "Ctrl-k":
      return removed(text, cursor, lineEnd);
    case "Enter":
      return isMultiline ? insertText(editor, "\n", true) : null;
    case "Up":
      return isMultiline ? lineMoved(editor, -1) : null;
    case "Down":
      return isMultiline ? lineMoved(editor, 1) : null;
    default:
      return null;
  }
}

/** Line and offset in the line of the cursor, from 0. */
export function cursorPlace(editor: TextEditor): { readonly line: number; readonly column: number } {
  const lines = editor.text.slice(0, editor.cursor).split("\n");
  return { line: lines.length - 1, column: lines.at(-1)?.length ?? 0 };
}

function lineMoved(editor: TextEditor, by: number): TextEditor {
  const lines = editor.text.split("\n");
  const { line, column } = cursorPlace(editor);
  const target = lines[line + by];
  if (target === undefined) return { ...editor, cursor: by < 0 ? 0 : editor.text.length };
  const start = lines.slice(0, line + by).reduce((sum, one) => sum + one.length + 1, 0);
  const wanted = Math.min(column, target.length);
  // never into the middle of a grapheme
  const inside = wanted === target.length ? wanted : before(target, wanted + 1);
  return { text: editor.text, cursor: start + inside };
}

function removed(text: string, from: number, to: number): TextEditor {
  return { text: text.slice(0, from) + text.slice(to), cursor: from };
}

/** Where the grapheme before `cursor` begins. */
function before(text: string, cursor: number): number {
  const from = Math.max(0, cursor - 64);
  return from + ([...graphemes.segment(text.slice(from, cursor))].at(-1)?.index ?? 0);
}

function behind(text: string, cursor: number): number {
  const [next] = graphemes.segment(text.slice(cursor, cursor + 64));
  return cursor + (next?.segment.length ?? 0);
}

function wordStart(text: string, cursor: number): number {
  return /(?:\s*\S+|\s+)$/.exec(text.slice(0, cursor))
    ? cursor - (/\S*\s*$/.exec(text.slice(0, cursor))?.[0].length ?? 0)
    : 0;
}

function wordEnd(text: string, cursor: number): number {
  return cursor + (/^\s*\S*/.exec(text.slice(cursor))?.[0].length ?? 0);
}
