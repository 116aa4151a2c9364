import type { Key } from "ink";

/** One key: `name` as tables of keys write it (`j`, `G`, `?`, `Enter`, `Shift-Tab`, `Ctrl-c`), `text` what a text field takes of it. */
export interface KeyPress {
  readonly name: string;
  /** Empty for keys that are no text. */
  readonly text: string;
}

const NAMED: readonly (readonly [keyof Key, string])[] = [
  ["upArrow", "Up"],
  ["downArrow", "Down"],
  ["leftArrow", "Left"],
  ["rightArrow", "Right"],
  ["pageUp", "PageUp"],
  ["pageDown", "PageDown"],
  ["home", "Home"],
  ["end", "End"],
  ["return", "Enter"],
  ["escape", "Esc"],
  ["backspace", "Backspace"],
  ["delete", "Delete"],
];

const CONTROL_NAMES: Readonly<Record<string, string>> = {
  "\r": "Enter",
  "\n": "Enter",
  "\r\n": "Enter",
  "\t": "Tab",
  "\u007F": "Backspace",
  "\b": "Backspace",
  "\u001B": "Esc",
};

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The keys of one piece of input: what is typed faster than it is read arrives together as one text. */
export function keyPressesOf(input: string, key: Key): KeyPress[] {
  if (key.eventType === "release") return [];
  const prefix = `${key.ctrl ? "Ctrl-" : ""}${key.meta ? "Alt-" : ""}`;
  if (key.tab) return [special(key.shift ? "Shift-Tab" : `${prefix}Tab`)];
  const named = NAMED.find(([flag]) => key[flag] === true);
  if (named) {
    // Esc also counts as meta in what terminals send.
    return [special(named[1] === "Esc" ? "Esc" : prefix + named[1])];
  }
  if (prefix !== "") return input === "" ? [] : [special(prefix + input)];
  return [...graphemes.segment(input)].map(({ segment }) => pressOf(segment));
}

function pressOf(segment: string): KeyPress {
  const control = CONTROL_NAMES[segment];
  if (control !== undefined) return special(control);
  const code = segment.codePointAt(0) ?? 0;
  if (code < 32) return special(`Ctrl-${String.fromCodePoint(code + 96)}`);
  return { name: segment, text: segment };
}

function special(name: string): KeyPress {
  return { name, text: "" };
}
