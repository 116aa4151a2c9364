import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import type { KeyBinding } from "../../keys/key-binding.ts";
import type { Slot } from "../../state/slot.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { faultsOf } from "../../state/verdict.ts";
import { fit } from "../../widgets/text-cells.ts";
import type { View } from "../view.ts";
import * as forms from "./menu-forms.ts";
import { LIST_DATABASES, SHOW_TABLES } from "./show-rows.ts";

interface MenuEntry {
  readonly digit: string;
  readonly label: string;
  readonly isWriting: boolean;
  readonly run: (context: ViewContext) => void;
}

const CURSOR: Slot<number> = { id: "menu.cursor", initial: 0 };

const isSlave = (context: ViewContext): boolean => context.self?.role === "slave";

/** The entries as they are now: the third depends on what the attached node is. */
function entriesOf(context: ViewContext): readonly MenuEntry[] {
  const form = (
    digit: string,
    label: string,
    open: () => ReturnType<typeof forms.insertForm>,
  ): MenuEntry => ({
    digit,
    label,
    isWriting: true,
    run: (now) => now.open(open()),
  });
  const third = isSlave(context)
    ? {
        digit: "3",
        label: "Show replicated tables",
        isWriting: false,
        run: (now: ViewContext) => now.run(SHOW_TABLES),
      }
    : form("3", "Create a table", forms.createTableForm);
  const all: readonly MenuEntry[] = [
    form("1", "Create a database", forms.createDatabaseForm),
    { digit: "2", label: "List databases", isWriting: false, run: (now) => now.run(LIST_DATABASES) },
    third,
    form("4", "Insert", forms.insertForm),
    { ...form("5", "Select", forms.selectForm), isWriting: false },
    form("6", "Update", forms.updateForm),
    form("7", "Delete", forms.deleteForm),
    form("8", "Drop", forms.dropForm),
    { digit: "9", label: "Health", isWriting: false, run: (now) => now.show("health") },
  ];
  return all.filter((entry) => !(entry.isWriting && context.isReadOnly));
}

function chosen(context: ViewContext): number {
  return Math.min(context.get(CURSOR), entriesOf(context).length - 1);
}

/** What the entries do, from 1 on, wherever one sits. */
const DEEDS = [
  "create a database",
  "list the databases",
  "create a table; on a slave, show the replicated tables",
  "insert a row",
  "select rows",
  "update rows",
  "delete rows",
  "drop a table or a database",
  "show the health",
] as const;

/** One binding for each digit, so that each is found by its name. */
const DIGITS: readonly KeyBinding<ViewContext>[] = DEEDS.map((does, index) => {
  const digit = String(index + 1);
  return {
    keys: [digit],
    does,
    // Always its own here: a digit that is hidden must not show another view.
    run: (context) => {
      const entry = entriesOf(context).find((one) => one.digit === digit);
      if (entry) entry.run(context);
      else context.say("That changes something, and --read-only hides it.", "notice");
    },
  };
});

const MOVES: readonly KeyBinding<ViewContext>[] = [
  {
    keys: ["Up", "k"],
    does: "up",
    run: (context) => context.update(CURSOR, () => Math.max(0, chosen(context) - 1)),
  },
  {
    keys: ["Down", "j"],
    does: "down",
    run: (context) =>
      context.update(CURSOR, () => Math.min(entriesOf(context).length - 1, chosen(context) + 1)),
  },
  {
    keys: ["Enter"],
    does: "choose",
    brief: "choose",
    run: (context) => entriesOf(context)[chosen(context)]?.run(context),
  },
];

/** The start screen. Here digits are its entries. */
export const menuView: View = {
  id: "menu",
  title: "Menu",
  digit: "0",
  purpose: "what one does most, by number",
  keys: [...DIGITS, ...MOVES],
  Component: MenuView,
};

function MenuView({ context }: { readonly context: ViewContext }): ReactNode {
  const at = chosen(context);
  const { view, self } = context;
  const faults = view ? faultsOf(view) : [];
  const room = context.area.rows - entriesOf(context).length - 1;
  return (
    <Box flexDirection="column">
      <TonedText isTitle>
        {self ? `What shall ${self.nodeId} (${self.role}) do?` : "What shall be done?"}
      </TonedText>
      {entriesOf(context).map((entry, index) => (
        <TonedText key={entry.digit} tone={index === at ? "selected" : "plain"}>
          {`${index === at ? "▸" : " "} ${entry.digit}  ${fit(entry.label, 26)}`}
        </TonedText>
      ))}
      {room > 1 && faults.length > 0 ? <TonedText> </TonedText> : null}
      {faults.slice(0, Math.max(0, room - 1)).map((fault) => (
        <TonedText key={fault} tone="bad">{`! ${fault}`}</TonedText>
      ))}
    </Box>
  );
}
