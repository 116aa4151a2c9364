import { moveTable, type TableExtent, type TableModel } from "../widgets/table-model.ts";
import type { KeyBinding } from "./key-binding.ts";

const MOVES = [
  { keys: ["Up", "k"], does: "up", brief: "↑↓ move" },
  { keys: ["Down", "j"], does: "down" },
  { keys: ["PageUp", "Ctrl-u"], does: "a page up" },
  { keys: ["PageDown", "Ctrl-d"], does: "a page down" },
  { keys: ["g", "Home"], does: "to the first" },
  { keys: ["G", "End"], does: "to the last" },
] as const;

/** The keys that move in a table, wherever its model is kept. */
export function tableBindings<C>(place: {
  readonly get: (context: C) => TableModel;
  readonly set: (context: C, model: TableModel) => void;
  readonly extent: (context: C) => TableExtent;
  readonly isAvailable?: (context: C) => boolean;
}): KeyBinding<C>[] {
  return MOVES.map((move) => ({
    ...move,
    ...(place.isAvailable ? { isAvailable: place.isAvailable } : {}),
    run: (context) => {
      const moved = moveTable(place.get(context), move.keys[0], place.extent(context));
      if (moved) place.set(context, moved);
    },
  }));
}
