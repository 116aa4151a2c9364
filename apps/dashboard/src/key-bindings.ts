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
    does: "up",
    isPressed: (input, key) => key.upArrow || input === "k",
  },
  {
    command: "down",
    keys: "↓, j",
    does: "down",
    isPressed: (input, key) => key.downArrow || input === "j",
  },
  { command: "refresh", keys: "r", does: "refresh", isPressed: (input) => input === "r" },
  { command: "help", keys: "?", does: "help", isPressed: (input) => input === "?" },
];

/** The commands of what was typed. Keys that are typed faster than they are read arrive together as one text. */
export function commandsOf(input: string, key: Key): KeyCommand[] {
  const single = commandOf(input, key);
  if (single !== null) return [single];
  if (key.ctrl || key.meta) return [];
  return input
    .split("")
    .map((one) => commandOf(one, key))
    .filter((command) => command !== null);
}

function commandOf(input: string, key: Key): KeyCommand | null {
  return KEY_BINDINGS.find((binding) => binding.isPressed(input, key))?.command ?? null;
}
