import { dispatchKey } from "../src/app/dispatch-key.ts";
import type { ViewContext } from "../src/app/view-context.ts";

/** Presses keys one after another, by their names: letters are their own. */
export function press(context: ViewContext, ...names: readonly string[]): void {
  for (const name of names) dispatchKey({ name, text: name.length === 1 ? name : "" }, context);
}
