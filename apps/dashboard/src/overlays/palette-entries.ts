import type { ViewContext } from "../app/view-context.ts";
import { GLOBAL_KEYS } from "../keys/global-keys.ts";
import { availableBindings, keysInWords } from "../keys/key-binding.ts";
import { ALL_VIEWS, viewOf } from "../views/all-views.ts";
import { fuzzyFilter } from "../widgets/fuzzy-match.ts";

/** Something that the palette finds. */
export interface PaletteEntry {
  readonly label: string;
  /** Its keys, or what it is. */
  readonly note: string;
  readonly run: (context: ViewContext) => void;
}

/** All views, then all actions that the present view's and the global key tables have, as far as they fit `query`. */
export function paletteEntries(query: string, context: ViewContext): PaletteEntry[] {
  const own = availableBindings(viewOf(context.state.ui.view).keys, context);
  const actions = [...own, ...availableBindings(GLOBAL_KEYS, context)].filter(
    ({ keys }) => !keys.includes(":"),
  );
  const titles = new Set(ALL_VIEWS.map((view) => view.title));
  const entries = [
    ...ALL_VIEWS.map((view) => ({
      label: view.title,
      note: view.purpose,
      run: (now: ViewContext) => now.show(view.id),
    })),
    ...actions
      .filter(({ does }) => !titles.has(does))
      .map((binding) => ({ label: binding.does, note: keysInWords(binding), run: binding.run })),
  ];
  return fuzzyFilter(query, entries, (entry) => entry.label);
}
