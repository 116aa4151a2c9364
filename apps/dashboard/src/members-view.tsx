import type { ClusterView, Member } from "@understudy/protocol";
import { Box } from "ink";
import type { ReactNode } from "react";
import { windowOf } from "./layout.ts";
import { TonedText } from "./toned-text.tsx";
import { ageOf, lagWords, shortPosition, STATE_SIGNS, type Tone } from "./wording.ts";

interface MemberColumn {
  readonly title: string;
  /** In cells; null takes what the others leave. */
  readonly width: number | null;
  /** Shown from this width of the screen on. */
  readonly fromColumns: number;
  readonly text: (member: Member, context: { view: ClusterView; nowMs: number }) => string;
  readonly tone?: (member: Member) => Tone;
}

const POSITION_WIDTH = 24;

/** All columns from left to right; the narrower the screen, the fewer are shown. */
const COLUMNS: readonly MemberColumn[] = [
  {
    title: "  node",
    width: null,
    fromColumns: 0,
    text: (member, { view }) => `${view.leader?.nodeId === member.nodeId ? "★" : " "} ${member.nodeId}`,
  },
  { title: "role", width: 6, fromColumns: 0, text: (member) => member.role },
  {
    title: "state",
    width: 9,
    fromColumns: 0,
    text: (member) => `${STATE_SIGNS[member.state]?.glyph ?? "?"} ${member.state}`,
    tone: (member) => STATE_SIGNS[member.state]?.tone ?? "notice",
  },
  { title: "lag", width: 13, fromColumns: 0, text: (member) => lagWords(member.lag) },
  {
    title: "last seen",
    width: 10,
    fromColumns: 0,
    text: (member, { nowMs }) => ageOf(member.lastSeen, nowMs),
  },
  { title: "queue", width: 8, fromColumns: 72, text: (member) => member.queue?.mode ?? "–" },
  {
    title: "tx/s",
    width: 7,
    fromColumns: 84,
    text: (member) => (member.throughput ? member.throughput.transactionsPerSecond.toFixed(1) : "–"),
  },
  {
    title: "position",
    width: POSITION_WIDTH,
    fromColumns: 106,
    text: (member) => shortPosition(member.position, POSITION_WIDTH),
  },
  {
    title: "server",
    width: 22,
    fromColumns: 132,
    text: (member) => `${member.flavour} ${member.serverVersion}`,
  },
];

interface MembersViewProps {
  readonly view: ClusterView;
  /** Wall clock. */
  readonly nowMs: number;
  readonly columns: number;
  readonly scroll: number;
  /** Lines for members, the heading not counted. */
  readonly rows: number;
}

/** The members as a table, with the leader starred. */
export function MembersView({ view, nowMs, columns, scroll, rows }: MembersViewProps): ReactNode {
  const shown = COLUMNS.filter((column) => columns >= column.fromColumns);
  const { from, to } = windowOf(view.members.length, scroll, rows);
  const isCut = to - from < view.members.length;
  const first = isCut ? `  node ${from + 1}–${to} of ${view.members.length}` : "  node";
  return (
    <Box flexDirection="column" flexShrink={0}>
      <Row
        cells={shown.map((column, index) => ({
          width: column.width,
          text: index === 0 ? first : column.title,
          tone: "quiet",
        }))}
      />
      {view.members.slice(from, to).map((member) => (
        <Row
          key={member.nodeId}
          cells={shown.map((column) => ({
            width: column.width,
            text: column.text(member, { view, nowMs }),
            tone: column.tone?.(member) ?? "plain",
          }))}
        />
      ))}
    </Box>
  );
}

interface Cell {
  readonly width: number | null;
  readonly text: string;
  readonly tone: Tone;
}

function Row({ cells }: { readonly cells: readonly Cell[] }): ReactNode {
  return (
    <Box height={1} columnGap={1}>
      {cells.map((cell, index) => (
        // The columns of a table neither move nor change places.
        <Box
          key={index}
          height={1}
          {...(cell.width === null ? { flexGrow: 1, flexBasis: 0 } : { width: cell.width, flexShrink: 0 })}
        >
          <TonedText tone={cell.tone}>{cell.text}</TonedText>
        </Box>
      ))}
    </Box>
  );
}
