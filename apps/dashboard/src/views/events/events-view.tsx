import type { ClusterEvent } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import { tableBindings } from "../../keys/table-bindings.ts";
import type { Slot } from "../../state/slot.ts";
import { timeOfDay } from "../../state/wording.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { TABLE_START, type TableModel } from "../../widgets/table-model.ts";
import { Table, type TableColumn } from "../../widgets/table.tsx";
import { wrapped } from "../../widgets/text-cells.ts";
import type { View } from "../view.ts";
import { EVENT_TONES } from "./latest-events.tsx";

/** `anchorId` is the chosen event's, which new events must not push away; null follows the newest. */
interface EventsState {
  readonly table: TableModel;
  readonly anchorId: number | null;
}

const STATE: Slot<EventsState> = { id: "events.state", initial: { table: TABLE_START, anchorId: null } };
const DETAIL_ROWS = 3;

const COLUMNS: readonly TableColumn<ClusterEvent>[] = [
  { title: "time", width: 8, text: (event) => timeOfDay(event.time) },
  { title: "node", width: 16, text: (event) => event.nodeId },
  {
    title: "kind",
    width: 20,
    text: (event) => event.kind,
    tone: (event) => EVENT_TONES[event.kind] ?? "plain",
  },
  { title: "message", width: null, text: (event) => event.message },
];

/** The events of the filter, the newest first. */
function eventsOf(context: ViewContext): readonly ClusterEvent[] {
  const wanted = context.filter.toLowerCase();
  const { events } = context.state.cluster;
  const fitting =
    wanted === ""
      ? events
      : events.filter((one) => `${one.nodeId} ${one.kind} ${one.message}`.toLowerCase().includes(wanted));
  return fitting.toReversed();
}

/** The table on the event that was chosen, wherever it is by now. */
function tableOf(context: ViewContext, events: readonly ClusterEvent[]): TableModel {
  const { table, anchorId } = context.get(STATE);
  const at = anchorId === null ? 0 : events.findIndex((event) => event.id === anchorId);
  const moved = at === -1 ? 0 : at - table.cursor;
  return { ...table, cursor: table.cursor + moved, offset: Math.max(0, table.offset + moved) };
}

function tableRows(context: ViewContext): number {
  return Math.max(1, context.area.rows - DETAIL_ROWS - 2);
}

/** What has happened, as the attached node tells it. */
export const eventsView: View = {
  id: "events",
  title: "Events",
  digit: "4",
  purpose: "what has happened, live, the newest first",
  hasFilter: true,
  keys: [
    ...tableBindings<ViewContext>({
      get: (context) => tableOf(context, eventsOf(context)),
      set: (context, table) => {
        // On the newest it stays with the newest.
        const anchorId = table.cursor === 0 ? null : (eventsOf(context)[table.cursor]?.id ?? null);
        context.update(STATE, () => ({ table, anchorId }));
      },
      extent: (context) => ({ count: eventsOf(context).length, visible: tableRows(context) }),
    }),
    {
      keys: ["Enter"],
      does: "all of the chosen event",
      brief: "detail",
      run: (context) => {
        const events = eventsOf(context);
        const event = events[tableOf(context, events).cursor];
        if (event)
          context.open({ kind: "text", title: `event ${event.id}`, text: inWords(event), scroll: 0 });
      },
    },
  ],
  Component: Events,
};

function inWords(event: ClusterEvent): string {
  return `${event.time}\nnode ${event.nodeId}\nkind ${event.kind}\n\n${event.message}`;
}

function Events({ context }: { readonly context: ViewContext }): ReactNode {
  const { columns } = context.area;
  const events = eventsOf(context);
  const table = tableOf(context, events);
  const event = events[table.cursor];
  const detail = event
    ? wrapped(`${event.time} ${event.nodeId} ${event.kind}: ${event.message}`, columns)
    : [];
  const isLive = context.get(STATE).anchorId === null;
  return (
    <Box flexDirection="column">
      <Table
        columns={COLUMNS}
        rows={events}
        model={table}
        width={columns}
        height={tableRows(context) + 1}
        empty={context.filter === "" ? "no events yet" : "no event fits the filter"}
      />
      <TonedText tone="quiet">
        {isLive ? "● live: stays with the newest" : "‖ stays with the chosen event; g goes to the newest"}
      </TonedText>
      {detail.slice(0, DETAIL_ROWS).map((line, index) => (
        <TonedText key={index}>{line || " "}</TonedText>
      ))}
    </Box>
  );
}
