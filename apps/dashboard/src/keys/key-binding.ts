import type { KeyPress } from "./key-press.ts";

/** One line of a key table: dispatch, the help, the bottom line and the palette are all made from it. `C` is what `run` needs. */
export interface KeyBinding<C> {
  /** Names as {@link KeyPress} has them. */
  readonly keys: readonly string[];
  /** In the imperative, for the help and the palette: `ask at once`. */
  readonly does: string;
  /** One word for the bottom line; left out: not shown there. */
  readonly brief?: string;
  /** True where it changes the cluster or its data: hidden and inert with `--read-only`. */
  readonly isWriting?: boolean;
  readonly isAvailable?: (context: C) => boolean;
  readonly run: (context: C) => void;
}

const SYMBOLS: Readonly<Record<string, string>> = { Up: "↑", Down: "↓", Left: "←", Right: "→", " ": "Space" };

/** A binding's keys as people write them. */
export function keysInWords(binding: { readonly keys: readonly string[] }): string {
  return binding.keys
    .map(
      (key) =>
        SYMBOLS[key] ??
        key.replace(/^(Ctrl|Alt)-(.)$/, (_, held: string, one: string) => `${held}-${one.toUpperCase()}`),
    )
    .join(", ");
}

/** The bindings that count now. */
export function availableBindings<C extends { readonly isReadOnly: boolean }>(
  bindings: readonly KeyBinding<C>[],
  context: C,
): KeyBinding<C>[] {
  return bindings.filter(
    (binding) =>
      !(binding.isWriting === true && context.isReadOnly) && (binding.isAvailable?.(context) ?? true),
  );
}

/** Runs the first available binding of that key; false where there is none. */
export function runBinding<C extends { readonly isReadOnly: boolean }>(
  bindings: readonly KeyBinding<C>[],
  press: KeyPress,
  context: C,
): boolean {
  const found = availableBindings(bindings, context).find((binding) => binding.keys.includes(press.name));
  found?.run(context);
  return found !== undefined;
}
