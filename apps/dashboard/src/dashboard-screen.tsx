import { Box } from "ink";
import type { ReactNode } from "react";
import { attentionCountOf, AttentionView } from "./attention-view.tsx";
import type { DashboardState } from "./dashboard-state.ts";
import { EventsView } from "./events-view.tsx";
import { HeaderView } from "./header-view.tsx";
import { HelpView, KeyLine } from "./help-view.tsx";
import { layoutOf, SMALLEST, type Layout } from "./layout.ts";
import { MembersView } from "./members-view.tsx";
import { TonedText } from "./toned-text.tsx";
import { duration } from "./wording.ts";

/** A terminal's size in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface DashboardScreenProps {
  readonly state: DashboardState;
  readonly size: Size;
  /** The nodes of the command line. */
  readonly nodes: readonly string[];
  /** Wall clock and monotonic clock. */
  readonly now: { readonly wallMs: number; readonly monotonicMs: number };
}

/** The lines of a screen for what is known. */
export function layoutFor(state: DashboardState, size: Size): Layout {
  const view = state.snapshot?.view;
  return layoutOf(linesOf(size), {
    members: view?.members.length ?? 0,
    attention: view ? attentionCountOf(view) : 0,
  });
}

/** One line less than the terminal has: a frame that fills it whole makes it scroll. */
function linesOf(size: Size): number {
  return size.rows - 1;
}

/** The whole screen; pure. */
export function DashboardScreen({ state, size, nodes, now }: DashboardScreenProps): ReactNode {
  if (size.columns < SMALLEST.columns || size.rows < SMALLEST.rows) {
    return (
      <TonedText>
        {`Too small: ${size.columns}×${size.rows}, at least ${SMALLEST.columns}×${SMALLEST.rows} is needed.`}
      </TonedText>
    );
  }
  const ageMs = state.snapshot ? now.monotonicMs - state.snapshot.atMs : 0;
  return (
    <Box flexDirection="column" width={size.columns} height={linesOf(size)} overflow="hidden">
      <Box flexDirection="column" flexGrow={1}>
        <Content state={state} size={size} nodes={nodes} now={now} />
      </Box>
      <NoticeLine state={state} ageMs={ageMs} />
      <KeyLine />
    </Box>
  );
}

function Content({ state, size, nodes, now }: DashboardScreenProps): ReactNode {
  if (state.isHelpOpen) return <HelpView />;
  if (!state.snapshot) return <TonedText>{`Asking ${nodes.join(", ")} …`}</TonedText>;
  const { view, url, atMs } = state.snapshot;
  const layout = layoutFor(state, size);
  return (
    <>
      <HeaderView
        view={view}
        url={url}
        ageMs={now.monotonicMs - atMs}
        isUnreachable={state.trouble !== null}
      />
      <MembersView
        view={view}
        nowMs={now.wallMs}
        columns={size.columns}
        scroll={state.scroll}
        rows={layout.memberRows}
      />
      <AttentionView view={view} rows={layout.attentionRows} />
      <EventsView events={state.events} rows={layout.eventRows} />
    </>
  );
}

function NoticeLine({ state, ageMs }: { readonly state: DashboardState; readonly ageMs: number }): ReactNode {
  const { trouble, moved, snapshot } = state;
  const old = snapshot ? `What is shown is ${duration(ageMs)} old. ` : "";
  return (
    <Box height={1} flexShrink={0}>
      {trouble === null ? (
        <TonedText tone="notice">{moved ?? ""}</TonedText>
      ) : (
        <TonedText tone="bad">{`! ${old}No node answers, trying again: ${trouble}`}</TonedText>
      )}
    </Box>
  );
}
