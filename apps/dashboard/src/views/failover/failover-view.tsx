import type { Job, QuarantineEntry } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import type { ViewContext } from "../../app/view-context.ts";
import type { KeyBinding } from "../../keys/key-binding.ts";
import { tableBindings } from "../../keys/table-bindings.ts";
import { TonedText } from "../../theme/toned-text.tsx";
import { settled } from "../../widgets/table-model.ts";
import { linesOf, TonedLines } from "../../widgets/toned-lines.tsx";
import type { View } from "../view.ts";
import { failoverLayout, type FailoverLayout } from "./failover-layout.ts";
import { entriesOf, HistoryPane, PlanPane, QuarantinePane, roleHistoryOf } from "./failover-panes.tsx";
import { FAILOVER, loadFailover } from "./failover-state.ts";
import { jobLines } from "./job-lines.ts";
import { askFailover, askSwitchover, cancelSwitchover } from "./lead-actions.ts";
import { planInWords } from "./plan-words.ts";
import { askToApply, askToDiscard, checkEntry, showEntry, showListing } from "./quarantine-actions.ts";
import { isWholeCopy } from "./quarantine-words.ts";

const PANES = ["plan", "quarantine", "history"] as const;
const JOB_ROWS_MAX = 8;
const [PLAN, QUARANTINE, HISTORY] = [0, 1, 2] as const;

/** The switchover that was begun here, else one that is under way on the attached node. */
function jobOf(context: ViewContext): Job | null {
  const begun = context.get(FAILOVER).job;
  const isOther = (job: Job): boolean => job.kind === "switchover" && job.state === "running";
  return begun ?? context.state.cluster.jobs.find(isOther) ?? null;
}

function jobPartOf(context: ViewContext, rows: number): ReturnType<typeof jobLines> {
  const job = jobOf(context);
  if (!job) return [];
  const { jobTrouble } = context.get(FAILOVER);
  const trouble = jobTrouble === null ? [] : linesOf(`! ${jobTrouble}`, context.area.columns, "bad");
  return [...jobLines(job, { nowMs: context.now.wallMs, rows: rows - trouble.length }), ...trouble];
}

function layoutOf(context: ViewContext): FailoverLayout {
  const { view, area, pane } = context;
  const plan = view ? planInWords(context.get(FAILOVER), view, area.columns).length : 0;
  const job = jobPartOf(context, JOB_ROWS_MAX).length;
  return failoverLayout(area.rows, { pane, job, plan, entries: entriesOf(context).length });
}

function chosenEntry(context: ViewContext): QuarantineEntry | null {
  if (context.pane !== QUARANTINE) return null;
  const entries = entriesOf(context);
  const { cursor } = settled(context.get(FAILOVER).entries, { count: entries.length, visible: 1 });
  return entries[cursor] ?? null;
}

/** A key that does something with the chosen entry; left out for one that `isFor` does not hold for. */
function entryKey(
  binding: Pick<KeyBinding<ViewContext>, "keys" | "does" | "brief" | "isWriting">,
  run: (entry: QuarantineEntry, context: ViewContext) => void,
  isFor: (entry: QuarantineEntry) => boolean = () => true,
): KeyBinding<ViewContext> {
  return {
    ...binding,
    isAvailable: (context) => {
      const entry = chosenEntry(context);
      return entry !== null && isFor(entry);
    },
    run: (context) => {
      const entry = chosenEntry(context);
      if (entry) run(entry, context);
    },
  };
}

const isKept = (entry: QuarantineEntry): boolean => entry.state !== "discarded";
/** A copy of all data has nothing that could be applied. */
const isApplicable = (entry: QuarantineEntry): boolean => isKept(entry) && !isWholeCopy(entry.manifest);

/** Who leads, who would, how to change that, and what is left over from it. */
export const failoverView: View = {
  id: "failover",
  title: "Failover",
  digit: "6",
  purpose: "who leads, who would if the master were gone, switchover, quarantine, who led when",
  panes: PANES,
  reloadMs: 1_000,
  load: loadFailover,
  keys: [
    {
      keys: ["s"],
      does: "switchover: hand the lead over",
      brief: "switchover",
      isWriting: true,
      run: askSwitchover,
    },
    { keys: ["f"], does: "force a failover", brief: "force", isWriting: true, run: askFailover },
    ...tableBindings<ViewContext>({
      get: (context) => context.get(FAILOVER)[context.pane === QUARANTINE ? "entries" : "history"],
      set: (context, model) =>
        context.update(FAILOVER, (state) => ({
          ...state,
          [context.pane === QUARANTINE ? "entries" : "history"]: model,
        })),
      extent: (context) => ({
        count: (context.pane === QUARANTINE ? entriesOf(context) : roleHistoryOf(context)).length,
        visible: Math.max(1, (layoutOf(context).panes[context.pane] ?? 2) - 1),
      }),
      isAvailable: (context) => context.pane !== PLAN,
    }),
    {
      keys: ["Enter"],
      does: "the whole plan, entry or event",
      brief: "detail",
      isAvailable: (context) => context.pane !== QUARANTINE || chosenEntry(context) !== null,
      run: openDetail,
    },
    entryKey({ keys: ["l"], does: "list the entry's rows and statements", brief: "list" }, showListing),
    entryKey(
      {
        keys: ["c"],
        does: "check whether the entry could be applied (changes nothing)",
        brief: "check",
        isWriting: true,
      },
      checkEntry,
      isApplicable,
    ),
    entryKey(
      { keys: ["a"], does: "apply the entry", brief: "apply", isWriting: true },
      askToApply,
      isApplicable,
    ),
    entryKey(
      { keys: ["d"], does: "discard the entry", brief: "discard", isWriting: true },
      askToDiscard,
      isKept,
    ),
    {
      keys: ["z"],
      does: "cancel the switchover, before its hand-over",
      brief: "cancel",
      isWriting: true,
      isAvailable: (context) => jobOf(context)?.state === "running",
      run: (context) => {
        const job = jobOf(context);
        if (job) cancelSwitchover(job, context);
      },
    },
    {
      keys: ["w"],
      does: "wipe the switchover that has ended from the screen",
      isAvailable: (context) => (context.get(FAILOVER).job?.state ?? "running") !== "running",
      run: (context) => context.update(FAILOVER, (state) => ({ ...state, job: null, jobTrouble: null })),
    },
  ],
  Component: Failover,
};

function openDetail(context: ViewContext): void {
  const { view, pane } = context;
  if (pane === QUARANTINE) {
    const entry = chosenEntry(context);
    if (entry) showEntry(entry, context);
  } else if (pane === HISTORY) {
    const events = roleHistoryOf(context);
    const event = events[settled(context.get(FAILOVER).history, { count: events.length, visible: 1 }).cursor];
    if (!event) return;
    const text = `${event.time}\nnode ${event.nodeId}\nkind ${event.kind}\n\n${event.message}`;
    context.open({ kind: "text", title: `event ${event.id}`, text, scroll: 0 });
  } else if (view) {
    const lines = planInWords(context.get(FAILOVER), view, Number.MAX_SAFE_INTEGER);
    const text = lines.map((line) => line.text).join("\n\n");
    context.open({ kind: "text", title: "plan", text, scroll: 0 });
  }
}

function Failover({ context }: { readonly context: ViewContext }): ReactNode {
  const { pane } = context;
  const { job, panes } = layoutOf(context);
  const [plan, quarantine, history] = panes;
  const isStacked = plan > 0 && history > 0;
  const title = (index: number): string => {
    const count =
      index === QUARANTINE ? entriesOf(context).filter(({ state }) => state === "open").length : 0;
    const name = `${PANES[index] ?? ""}${count > 0 ? ` (${count} open)` : ""}`;
    return index === pane ? `[${name}]` : ` ${name} `;
  };
  return (
    <Box flexDirection="column">
      <TonedText tone="accent">
        {isStacked ? title(PLAN) : PANES.map((_, index) => title(index)).join(" ")}
      </TonedText>
      <TonedLines lines={jobPartOf(context, job)} rows={job} />
      {plan > 0 ? <PlanPane context={context} rows={plan} isFocused={pane === PLAN} /> : null}
      {isStacked ? <TonedText tone="accent">{title(QUARANTINE)}</TonedText> : null}
      {quarantine > 0 ? (
        <Box flexDirection="column" height={quarantine} flexShrink={0} overflow="hidden">
          <QuarantinePane context={context} rows={quarantine} isFocused={pane === QUARANTINE} />
        </Box>
      ) : null}
      {isStacked ? <TonedText tone="accent">{title(HISTORY)}</TonedText> : null}
      {history > 0 ? <HistoryPane context={context} rows={history} isFocused={pane === HISTORY} /> : null}
    </Box>
  );
}
