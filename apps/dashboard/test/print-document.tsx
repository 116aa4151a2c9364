// Prints the parts of docs/dashboard.md that are made from the code: the key tables, and every view as it is drawn over the recorded
// cluster. `scripts/docs/dashboard-document.ts` bundles and runs it.
import type { Size, ViewContext } from "../src/app/view-context.ts";
import { GLOBAL_KEYS } from "../src/keys/global-keys.ts";
import { keysInWords, type KeyBinding } from "../src/keys/key-binding.ts";
import { ALL_VIEWS } from "../src/views/all-views.ts";
import type { View } from "../src/views/view.ts";
import { CAPTURE_SIZES, CAPTURES } from "./captures.ts";
import { drawScreen } from "./draw-screen.tsx";

function keyTable(bindings: readonly KeyBinding<ViewContext>[]): string {
  const rows = bindings.map((binding) => {
    const keys = keysInWords(binding)
      .split(", ")
      .map((key) => `\`${key}\``);
    return `| ${keys.join(" ")} | ${binding.does}${binding.isWriting === true ? " (not with `--read-only`)" : ""} |`;
  });
  return ["| key | does |", "|---|---|", ...rows].join("\n");
}

function capture(view: View, { columns, rows }: Size): string {
  const lines = drawScreen(columns, rows, { viewId: view.id, ...CAPTURES[view.id] });
  return [`${columns}×${rows}:`, "", "```text", ...lines, "```"].join("\n");
}

function section(view: View): string {
  return [
    `### ${view.title}`,
    `\`${view.digit}\`: ${view.purpose}.`,
    keyTable(view.keys),
    ...CAPTURE_SIZES.map((size) => capture(view, size)),
  ].join("\n\n");
}

const parts = {
  keys: keyTable(GLOBAL_KEYS),
  views: ALL_VIEWS.map(section).join("\n\n"),
};
process.stdout.write(`${JSON.stringify(parts)}\n`);
