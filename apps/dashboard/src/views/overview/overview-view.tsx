import type { ClusterView, Member } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import { tableBindings } from "../../keys/table-bindings.ts";
import type { Slot } from "../../state/slot.ts";
import { STATE_SIGNS } from "../../state/wording.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { sortedBy, TABLE_START, type TableModel } from "../../widgets/table-model.ts";
import { orderedRows, Table } from "../../widgets/table.tsx";
import { treeLines } from "../../widgets/tree.ts";
import { LatestEvents } from "../events/latest-events.tsx";
import type { View } from "../view.ts";
import { attentionCountOf, AttentionView } from "./attention-view.tsx";
import { memberColumns, memberInWords } from "./members-table.tsx";
import { overviewLayout, type OverviewLayout } from "./overview-layout.ts";
import { workLines } from "./work-lines.ts";

const TABLE: Slot<TableModel> = { id: "overview.table", initial: TABLE_START };
/** From here on the tree has a place beside the events. */
const TREE_FROM_COLUMNS = 120;

/** The members of the filter, in the cluster's order. */
function membersOf(context: ViewContext): readonly Member[] {
  const wanted = context.filter.toLowerCase();
  const members = context.view?.members ?? [];
  return members.filter((one) =>
    `${one.nodeId} ${one.role} ${one.state} ${one.url}`.toLowerCase().includes(wanted),
  );
}

function layoutFor(context: ViewContext): OverviewLayout {
  const { view, state, area, now } = context;
  return overviewLayout(area.rows, {
    members: membersOf(context).length,
    attention: view ? attentionCountOf(view) : 0,
    work: workLines(state.cluster, now.wallMs).length,
  });
}

function columnsOf(context: ViewContext, view: ClusterView): ReturnType<typeof memberColumns> {
  return memberColumns({ view, series: context.state.cluster.series, nowMs: context.now.wallMs });
}

/** The cluster at a glance. */
export const overviewView: View = {
  id: "overview",
  title: "Overview",
  digit: "1",
  purpose: "members, what needs attention, work under way, the latest events",
  hasFilter: true,
  keys: [
    ...tableBindings<ViewContext>({
      get: (context) => context.get(TABLE),
      set: (context, model) => context.update(TABLE, () => model),
      extent: (context) => ({ count: membersOf(context).length, visible: layoutFor(context).memberRows }),
    }),
    { keys: ["Enter"], does: "all of the chosen member", brief: "detail", run: openMember },
    {
      keys: ["s"],
      does: "sort by lag, downwards, as they come",
      run: (context) => context.update(TABLE, (model) => sortedBy(model, 3)),
    },
  ],
  Component: Overview,
};

function openMember(context: ViewContext): void {
  const { view } = context;
  if (!view) return;
  const model = context.get(TABLE);
  const member = orderedRows(membersOf(context), columnsOf(context, view), model)[model.cursor];
  if (member) context.open({ kind: "text", title: member.nodeId, text: memberInWords(member), scroll: 0 });
}

function Overview({ context }: { readonly context: ViewContext }): ReactNode {
  const { view, state, area, now } = context;
  if (!view) return null;
  const layout = layoutFor(context);
  const hasTree = area.columns >= TREE_FROM_COLUMNS && layout.eventRows > 2;
  return (
    <Box flexDirection="column">
      <Table
        columns={columnsOf(context, view)}
        rows={membersOf(context)}
        model={context.get(TABLE)}
        width={area.columns}
        height={layout.memberRows + 1}
        empty="no member fits the filter"
      />
      <AttentionView view={view} rows={layout.attentionRows} />
      {workLines(state.cluster, now.wallMs)
        .slice(0, layout.workRows)
        .map((line) => (
          <TonedText key={line} tone="accent">
            {line}
          </TonedText>
        ))}
      <Box columnGap={2}>
        <Box flexDirection="column" flexGrow={1} flexBasis={0}>
          <LatestEvents events={state.cluster.events} rows={layout.eventRows} />
        </Box>
        {hasTree ? (
          <Box flexDirection="column" width={40} flexShrink={0}>
            <TonedText tone="quiet">topology</TonedText>
            {topologyLines(view)
              .slice(0, layout.eventRows)
              .map((line) => (
                <TonedText key={line}>{line}</TonedText>
              ))}
          </Box>
        ) : null}
      </Box>
    </Box>
  );
}

/** The master with its slaves below it; without one, all members below the cluster. */
function topologyLines(view: ClusterView): string[] {
  const word = (member: Member): string =>
    `${STATE_SIGNS[member.state]?.glyph ?? "?"} ${member.nodeId} ${member.state}`;
  const leader = view.members.find((member) => member.nodeId === view.leader?.nodeId);
  const others = view.members.filter((member) => member !== leader);
  return treeLines({
    label: leader ? `★ ${word(leader)}` : `cluster ${view.clusterId}, no master`,
    children: others.map((member) => ({ label: word(member), children: [] })),
  });
}
