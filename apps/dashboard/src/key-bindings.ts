import type { Key } from "ink";

/** What a key does. */
export type KeyCommand = "leave" | "up" | "down" | "refresh" | "help";

/** One line of the help, and how its keys are known. */
export interface KeyBinding {
  readonly command: KeyCommand;
  /** As people write them. */
  readonly keys: string;
  readonly does: string;
  readonly isPressed: (input: string, key: Key) => boolean;
}

/** All keys: the help and the bottom line are made from this table. */
export const KEY_BINDINGS: readonly KeyBinding[] = [
  {
    command: "leave",
    keys: "q, Ctrl-C",
    does: "leave",
    isPressed: (input, key) => input === "q" || (key.ctrl && input === "c"),
  },
  {
    command: "up",
    keys: "↑, k",
    does: "members up",
    isPressed: (input, key) => key.upArrow || input === "k",
  },
  {
    command: "down",
    keys: "↓, j",
    does: "members down",
    isPressed: (input, key) => key.downArrow || input === "j",
  },
  { command: "refresh", keys: "r", does: "ask again now", isPressed: (input) => input === "r" },
  { command: "help", keys: "?", does: "this help, and back", isPressed: (input) => input === "?" },
];

/** The command of a key; null where it has none. */
export function commandOf(input: string, key: Key): KeyCommand | null {
  return KEY_BINDINGS.find((binding) => binding.isPressed(input, key))?.command ?? null;
}
