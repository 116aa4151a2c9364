import type { ClusterEvent, QuarantineEntry } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import { timeOfDay } from "../../state/wording.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { Table, type TableColumn } from "../../widgets/table.tsx";
import { TonedLines } from "../../widgets/toned-lines.tsx";
import { FAILOVER } from "./failover-state.ts";
import { planInWords } from "./plan-words.ts";
import { entryColumns } from "./quarantine-words.ts";

/** Kinds of events that tell of roles. */
const ROLE_KINDS: ReadonlySet<ClusterEvent["kind"]> = new Set([
  "role-changed",
  "election",
  "started",
  "quarantined",
]);

const HISTORY_COLUMNS: readonly TableColumn<ClusterEvent>[] = [
  { title: "time", width: 8, text: ({ time }) => timeOfDay(time) },
  { title: "day", width: 10, fromColumns: 100, text: ({ time }) => time.slice(0, 10) },
  { title: "kind", width: 12, text: ({ kind }) => kind },
  { title: "what", width: null, text: ({ message }) => message },
];

interface PaneProps {
  readonly context: ViewContext;
  /** Lines that it may fill. */
  readonly rows: number;
  readonly isFocused: boolean;
}

/** The events that tell of roles, the newest first. */
export function roleHistoryOf(context: ViewContext): readonly ClusterEvent[] {
  return context.state.cluster.events.filter(({ kind }) => ROLE_KINDS.has(kind)).toReversed();
}

/** The entries of all nodes, the newest first. */
export function entriesOf(context: ViewContext): readonly QuarantineEntry[] {
  return context.get(FAILOVER).quarantine?.entries ?? [];
}

/** Who would lead, and why. */
export function PlanPane({ context, rows }: PaneProps): ReactNode {
  const { view, area } = context;
  if (!view) return null;
  return <TonedLines lines={planInWords(context.get(FAILOVER), view, area.columns)} rows={rows} />;
}

/** What nodes had that is not in the cluster's history. */
export function QuarantinePane({ context, rows, isFocused }: PaneProps): ReactNode {
  const { quarantine, quarantineTrouble, entries } = context.get(FAILOVER);
  const away = quarantine?.unreachable ?? [];
  const trouble =
    quarantineTrouble !== null
      ? `! it can't be asked for: ${quarantineTrouble}`
      : away.length > 0
        ? `! no answer from ${away.join(", ")}: what they hold is not listed`
        : null;
  return (
    <Box flexDirection="column" flexShrink={0}>
      {trouble === null ? null : <TonedText tone="bad">{trouble}</TonedText>}
      <Table
        columns={entryColumns(context.now.wallMs)}
        rows={entriesOf(context)}
        model={entries}
        width={context.area.columns}
        height={Math.max(2, rows - (trouble === null ? 0 : 1))}
        isFocused={isFocused}
        empty={quarantine ? "no node has had anything that the cluster lacks" : "asking all nodes …"}
      />
    </Box>
  );
}

/** Who led when. */
export function HistoryPane({ context, rows, isFocused }: PaneProps): ReactNode {
  return (
    <Table
      columns={HISTORY_COLUMNS}
      rows={roleHistoryOf(context)}
      model={context.get(FAILOVER).history}
      width={context.area.columns}
      height={rows}
      isFocused={isFocused}
      empty="no role has changed, as far as this node remembers"
    />
  );
}
