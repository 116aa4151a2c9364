import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import { tableBindings } from "../../keys/table-bindings.ts";
import type { Slot } from "../../state/slot.ts";
import { settled, TABLE_START, type TableModel } from "../../widgets/table-model.ts";
import { Table, type TableColumn } from "../../widgets/table.tsx";
import type { View } from "../view.ts";
import { settingsItems, type SettingsItem } from "./settings-items.ts";

const TABLE: Slot<TableModel> = { id: "settings.table", initial: TABLE_START };

const COLUMNS: readonly TableColumn<SettingsItem>[] = [
  { title: "setting", width: 16, text: ({ label }) => label, tone: ({ tone }) => tone ?? "plain" },
  { title: "value", width: null, text: ({ value }) => value, tone: ({ tone }) => tone ?? "plain" },
];

function chosenOf(context: ViewContext): SettingsItem | null {
  const items = settingsItems(context);
  const { cursor } = settled(context.get(TABLE), { count: items.length, visible: 1 });
  return items[cursor] ?? null;
}

const canStep = (context: ViewContext): boolean => chosenOf(context)?.step !== undefined;

/** How this dashboard is, to what it is attached, and what of that can be changed. */
export const settingsView: View = {
  id: "settings",
  title: "Settings",
  digit: "7",
  purpose: "theme, how often is asked, history, nodes to attach to, connection, files, versions",
  keys: [
    ...tableBindings<ViewContext>({
      get: (context) => context.get(TABLE),
      set: (context, model) => context.update(TABLE, () => model),
      extent: (context) => ({
        count: settingsItems(context).length,
        visible: context.area.rows - 1,
      }),
    }),
    {
      keys: ["Right", " "],
      does: "the next value",
      brief: "next",
      isAvailable: canStep,
      run: (context) => chosenOf(context)?.step?.(context, 1),
    },
    {
      keys: ["Left"],
      does: "the value before",
      isAvailable: canStep,
      run: (context) => chosenOf(context)?.step?.(context, -1),
    },
    {
      keys: ["Enter"],
      does: "attach to the chosen node, the next value, or all of the line",
      brief: "choose",
      run: choose,
    },
  ],
  Component: SettingsTable,
};

function choose(context: ViewContext): void {
  const item = chosenOf(context);
  if (!item) return;
  if (item.step) item.step(context, 1);
  else if (item.attachTo !== undefined) attach(item.attachTo, context);
  else if (item.value !== "") {
    context.open({ kind: "text", title: item.label, text: item.value, scroll: 0 });
  }
}

function attach(url: string, context: ViewContext): void {
  if (url === context.state.cluster.snapshot?.url) {
    context.say("That is the node that is asked already.", "notice");
    return;
  }
  context.services.attach(url);
  context.say(`asking ${url} from now on; where it doesn't answer, another node`);
}

function SettingsTable({ context }: { readonly context: ViewContext }): ReactNode {
  const { columns, rows } = context.area;
  return (
    <Table
      columns={COLUMNS}
      rows={settingsItems(context)}
      model={context.get(TABLE)}
      width={columns}
      height={rows}
    />
  );
}
