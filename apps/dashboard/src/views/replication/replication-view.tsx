import type { Member } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import type { KeyBinding } from "../../keys/key-binding.ts";
import { tableBindings } from "../../keys/table-bindings.ts";
import type { Slot } from "../../state/slot.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { settled, sortedBy, TABLE_START, type TableModel } from "../../widgets/table-model.ts";
import { orderedRows, Table } from "../../widgets/table.tsx";
import { TonedLines } from "../../widgets/toned-lines.tsx";
import type { View } from "../view.ts";
import { askTo, resume, type SlaveAction } from "./slave-actions.ts";
import { slaveDetail, slaveInWords, type SlaveFacts } from "./slave-detail.ts";
import { slaveColumns } from "./slaves-table.tsx";

const TABLE: Slot<TableModel> = { id: "replication.table", initial: TABLE_START };
const BEHIND_COLUMN = 3;

function slavesOf(context: ViewContext): readonly Member[] {
  const wanted = context.filter.toLowerCase();
  const slaves = (context.view?.members ?? []).filter((member) => member.role === "slave");
  return slaves.filter((one) => `${one.nodeId} ${one.state} ${one.url}`.toLowerCase().includes(wanted));
}

/** A third for the table, as far as it needs it; the rest is for the chosen slave. */
function tableRows(context: ViewContext): number {
  const third = Math.max(1, Math.floor((context.area.rows - 1) / 3));
  return Math.max(1, Math.min(slavesOf(context).length, third));
}

/** The slave on which the table stands; null where there is none. */
function chosenOf(context: ViewContext): Member | null {
  const columns = slaveColumns(context.state.cluster.series);
  const rows = orderedRows(slavesOf(context), columns, context.get(TABLE));
  const { cursor } = settled(context.get(TABLE), { count: rows.length, visible: tableRows(context) });
  return rows[cursor] ?? null;
}

function factsOf(context: ViewContext, member: Member): SlaveFacts {
  const { view, state } = context;
  const master = view?.members.find(({ nodeId }) => nodeId === view.leader?.nodeId);
  return {
    member,
    masterPosition: master?.position ?? null,
    series: state.cluster.series.get(member.nodeId),
    events: state.cluster.events,
  };
}

function canResume(context: ViewContext): boolean {
  const member = chosenOf(context);
  return member?.queue?.mode === "paused" || member?.state === "broken";
}

function action(key: string, does: string, kind: SlaveAction): KeyBinding<ViewContext> {
  return {
    keys: [key],
    does,
    brief: kind,
    isWriting: true,
    isAvailable: (context) => {
      const member = chosenOf(context);
      return member !== null && !(kind === "pause" && member.queue?.mode === "paused");
    },
    run: (context) => {
      const member = chosenOf(context);
      if (member) askTo(kind, member, context);
    },
  };
}

/** How the master's history gets to each slave. */
export const replicationView: View = {
  id: "replication",
  title: "Replication",
  digit: "5",
  purpose: "how the master's history gets to each slave: queue, cursor, throughput, errors, copies",
  hasFilter: true,
  keys: [
    ...tableBindings<ViewContext>({
      get: (context) => context.get(TABLE),
      set: (context, model) => context.update(TABLE, () => model),
      extent: (context) => ({ count: slavesOf(context).length, visible: tableRows(context) }),
    }),
    {
      keys: ["Enter"],
      does: "all of the chosen slave, and its events",
      brief: "detail",
      isAvailable: (context) => chosenOf(context) !== null,
      run: (context) => {
        const member = chosenOf(context);
        if (!member) return;
        const text = slaveInWords(factsOf(context, member));
        context.open({ kind: "text", title: member.nodeId, text, scroll: 0 });
      },
    },
    {
      keys: ["u"],
      does: "resume after a pause, or try again what it is broken by",
      brief: "resume",
      isWriting: true,
      isAvailable: canResume,
      run: (context) => {
        const member = chosenOf(context);
        if (member) resume(member, context);
      },
    },
    action("p", "pause replication to the chosen slave", "pause"),
    action("b", "rebuild the chosen slave: a fresh copy of all data", "rebuild"),
    action("x", "remove the chosen slave from the cluster", "remove"),
    {
      keys: ["s"],
      does: "sort by what waits, downwards, as they come",
      run: (context) => context.update(TABLE, (model) => sortedBy(model, BEHIND_COLUMN)),
    },
  ],
  Component: Replication,
};

function Replication({ context }: { readonly context: ViewContext }): ReactNode {
  const { area, view } = context;
  if (!view) return null;
  const rows = tableRows(context);
  const chosen = chosenOf(context);
  const left = area.rows - rows - 2;
  return (
    <Box flexDirection="column">
      <Table
        columns={slaveColumns(context.state.cluster.series)}
        rows={slavesOf(context)}
        model={context.get(TABLE)}
        width={area.columns}
        height={rows + 1}
        empty={
          context.filter === ""
            ? "no slave yet: start a node with the master's address"
            : "no slave fits the filter"
        }
      />
      <TonedText tone="quiet">{"─".repeat(area.columns)}</TonedText>
      {chosen ? (
        <TonedLines
          lines={slaveDetail(factsOf(context, chosen), { columns: area.columns, rows: left })}
          rows={left}
        />
      ) : null}
    </Box>
  );
}
