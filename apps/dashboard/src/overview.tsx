import { Box, renderToString } from "ink";
import { attentionCountOf, AttentionView } from "./attention-view.tsx";
import type { Snapshot } from "./dashboard-state.ts";
import { EventsView } from "./events-view.tsx";
import { HeaderView } from "./header-view.tsx";
import { MembersView } from "./members-view.tsx";
import { ColourContext } from "./toned-text.tsx";

const EVENTS_SHOWN = 5;

interface OverviewOptions {
  readonly columns: number;
  /** Wall clock. */
  readonly nowMs: number;
  readonly isColourful: boolean;
}

/** The views of the live dashboard as one text: all members, all that needs attention, the last events. */
export function overviewText(snapshot: Snapshot, options: OverviewOptions): string {
  const { view, url, events } = snapshot;
  const text = renderToString(
    <ColourContext.Provider value={options.isColourful}>
      <Box flexDirection="column" width={options.columns}>
        <HeaderView view={view} url={url} ageMs={0} isUnreachable={false} />
        <MembersView
          view={view}
          nowMs={options.nowMs}
          columns={options.columns}
          scroll={0}
          rows={view.members.length}
        />
        <AttentionView view={view} rows={attentionCountOf(view)} />
        <EventsView events={events} rows={EVENTS_SHOWN} />
      </Box>
    </ColourContext.Provider>,
    { columns: options.columns },
  );
  return `${text.replaceAll(/ +$/gm, "")}\n`;
}
