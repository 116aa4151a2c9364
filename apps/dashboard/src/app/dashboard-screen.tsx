import { Box } from "ink";
import type { ReactNode } from "react";
import { availableBindings, keysInWords } from "../keys/key-binding.ts";
import { GLOBAL_KEYS } from "../keys/global-keys.ts";
import { OverlayView } from "../overlays/overlay-view.tsx";
import { duration } from "../state/wording.ts";
import { TonedText } from "../theme/toned-text.tsx";
import { ALL_VIEWS, viewOf } from "../views/all-views.ts";
import { Tabs } from "../widgets/tabs.tsx";
import { cellsOf } from "../widgets/text-cells.ts";
import { TextInput } from "../widgets/text-input.tsx";
import { HeaderView } from "./header-view.tsx";
import type { Size, ViewContext } from "./view-context.ts";

/** Below this a sentence says so, and nothing else is shown. */
const SMALLEST = { columns: 60, rows: 16 } as const;
/** Two of the header, the tabs, the notice line, the key line. */
const FRAME_ROWS = 5;

/** What a view may fill. One line is left free: a frame that fills the terminal whole makes it scroll. */
export function viewAreaOf(size: Size): Size {
  return { columns: size.columns, rows: Math.max(1, size.rows - 1 - FRAME_ROWS) };
}

/** The whole screen; pure. */
export function DashboardScreen({
  context,
  size,
}: {
  readonly context: ViewContext;
  readonly size: Size;
}): ReactNode {
  if (size.columns < SMALLEST.columns || size.rows < SMALLEST.rows) {
    return (
      <TonedText>
        {`Too small: ${size.columns}×${size.rows}, at least ${SMALLEST.columns}×${SMALLEST.rows} is needed.`}
      </TonedText>
    );
  }
  const { ui } = context.state;
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows - 1} overflow="hidden">
      <Top context={context} />
      <Tabs tabs={ALL_VIEWS} chosen={ui.view} width={size.columns} />
      <Box flexDirection="column" flexGrow={1} height={context.area.rows} overflow="hidden">
        <Content context={context} />
      </Box>
      <NoticeLine context={context} />
      <KeyLine context={context} />
    </Box>
  );
}

function Top({ context }: { readonly context: ViewContext }): ReactNode {
  const { snapshot, trouble } = context.state.cluster;
  if (!snapshot) {
    return (
      <Box flexDirection="column" height={2} flexShrink={0}>
        <TonedText isTitle>Understudy</TonedText>
        <TonedText>{`Asking ${context.services.nodes.join(", ")} …`}</TonedText>
      </Box>
    );
  }
  return (
    <HeaderView
      view={snapshot.view}
      url={snapshot.url}
      ageMs={context.now.monotonicMs - snapshot.atMs}
      isUnreachable={trouble !== null}
    />
  );
}

function Content({ context }: { readonly context: ViewContext }): ReactNode {
  const { ui } = context.state;
  const top = ui.overlays.at(-1)?.overlay;
  if (top && top.kind !== "filter") return <OverlayView overlay={top} context={context} />;
  const { Component } = viewOf(ui.view);
  return <Component context={context} />;
}

/** One line: the filter being written, else that nobody answers, else what is under way, else what became of the last action. */
function NoticeLine({ context }: { readonly context: ViewContext }): ReactNode {
  return (
    <Box height={1} flexShrink={0}>
      <NoticeText context={context} />
    </Box>
  );
}

function NoticeText({ context }: { readonly context: ViewContext }): ReactNode {
  const { cluster, ui } = context.state;
  const top = ui.overlays.at(-1)?.overlay;
  if (top?.kind === "filter") {
    return (
      <>
        <TonedText tone="accent">/</TonedText>
        <TextInput editor={top.editor} width={context.area.columns - 1} isFocused />
      </>
    );
  }
  if (cluster.trouble !== null) {
    const { snapshot } = cluster;
    const old = snapshot ? `What is shown is ${duration(context.now.monotonicMs - snapshot.atMs)} old. ` : "";
    return <TonedText tone="bad">{`! ${old}No node answers, trying again: ${cluster.trouble}`}</TonedText>;
  }
  const run = ui.runs.at(-1);
  if (run) {
    const sinceMs = Math.max(0, context.now.monotonicMs - run.startedAtMs);
    const more = ui.runs.length > 1 ? ` and ${ui.runs.length - 1} more` : "";
    return (
      <TonedText tone="accent">{`… ${run.title}${more}${sinceMs >= 1_000 ? `, ${duration(sinceMs)}` : ""} · Ctrl-X cancels`}</TonedText>
    );
  }
  if (ui.notice) return <TonedText tone={ui.notice.tone}>{ui.notice.text}</TonedText>;
  if (context.filter !== "")
    return <TonedText tone="accent">{`/${context.filter} · Esc shows all`}</TonedText>;
  return <TonedText tone="notice">{cluster.moved ?? ""}</TonedText>;
}

/** As many of the keys that count now as fit; all of them are in the help. */
function KeyLine({ context }: { readonly context: ViewContext }): ReactNode {
  const { ui } = context.state;
  const view = viewOf(ui.view);
  const isText = view.text?.isActive(context) === true;
  const bindings = [...availableBindings(view.keys, context), ...availableBindings(GLOBAL_KEYS, context)]
    // In a text field a key that is a character is text.
    .map((one) => ({ ...one, keys: isText ? one.keys.filter((key) => key.length > 1) : one.keys }))
    .filter(({ keys }) => keys.length > 0);
  const items = bindings.flatMap((binding) => {
    if (binding.brief === undefined || binding.keys[0] === "?") return [];
    const isWhole = binding.brief.includes(" ");
    return [isWhole ? binding.brief : `${keysInWords({ keys: binding.keys.slice(0, 1) })} ${binding.brief}`];
  });
  // The help has all of them, so that it is named however many don't fit.
  let line = isText ? "" : "? help";
  for (const item of items) {
    const longer = line === "" ? item : `${line} · ${item}`;
    if (cellsOf(longer) > context.area.columns) break;
    line = longer;
  }
  return (
    <Box height={1} flexShrink={0}>
      <TonedText tone="quiet">{ui.overlays.length === 0 ? line : "Esc closes · Ctrl-C leaves"}</TonedText>
    </Box>
  );
}
