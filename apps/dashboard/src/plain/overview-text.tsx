import { Box, renderToString } from "ink";
import { attentionCountOf, AttentionView } from "../views/overview/attention-view.tsx";
import { HeaderView } from "../app/header-view.tsx";
import type { Snapshot } from "../state/cluster-state.ts";
import type { ThemeName } from "../theme/theme.ts";
import { ThemeContext } from "../theme/toned-text.tsx";
import { LatestEvents } from "../views/events/latest-events.tsx";
import { memberColumns } from "../views/overview/members-table.tsx";
import { TABLE_START } from "../widgets/table-model.ts";
import { Table } from "../widgets/table.tsx";

const EVENTS_SHOWN = 5;

interface OverviewOptions {
  readonly columns: number;
  /** Wall clock. */
  readonly nowMs: number;
  readonly theme: ThemeName;
}

/** The views of the live dashboard as one text: all members, all that needs attention, the last events. */
export function overviewText(snapshot: Snapshot, options: OverviewOptions): string {
  const { view, url, events } = snapshot;
  const text = renderToString(
    <ThemeContext.Provider value={options.theme}>
      <Box flexDirection="column" width={options.columns}>
        <HeaderView view={view} url={url} ageMs={0} isUnreachable={false} />
        <Table
          columns={memberColumns({ view, series: new Map(), nowMs: options.nowMs })}
          rows={view.members}
          model={TABLE_START}
          isFocused={false}
          width={options.columns}
          height={view.members.length + 1}
        />
        <AttentionView view={view} rows={attentionCountOf(view)} />
        <LatestEvents events={events} rows={EVENTS_SHOWN} />
      </Box>
    </ThemeContext.Provider>,
    { columns: options.columns },
  );
  return `${text.replaceAll(/ +$/gm, "")}\n`;
}
