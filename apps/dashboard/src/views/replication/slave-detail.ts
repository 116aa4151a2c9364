import type { ClusterEvent, Member } from "@understudy/protocol";
import type { MemberSeries } from "../../state/member-series.ts";
import { shortPosition, STATE_SIGNS, timeOfDay } from "../../state/wording.ts";
import { barChart } from "../../widgets/bar-chart.ts";
import { bytesInWords, sparkline } from "../../widgets/progress.ts";
import { linesOf, type TonedLine } from "../../widgets/toned-lines.tsx";
import { copyLine } from "../overview/work-lines.ts";
import { behindInWords, queueInWords } from "./slave-words.ts";
import { statementFault } from "./statement-fault.ts";

const LABEL = 10;
const SPARK_WIDTH = 20;
const CHART_HEIGHT_MAX = 8;
/** Below this a chart tells no more than the sparkline. */
const CHART_HEIGHT_MIN = 3;
const EVENTS_MAX = 3;
/** A half-taken copy is no data to go on with, so the node would only start over. */
const NO_CANCEL = "a copy can't be cancelled: with half of one the node would start over";

/** What is known of one slave. */
export interface SlaveFacts {
  readonly member: Member;
  /** The master's position; null where it is not known. */
  readonly masterPosition: string | null;
  readonly series: MemberSeries | undefined;
  readonly events: readonly ClusterEvent[];
}

/** One slave in lines, what is wrong first; with a chart of its throughput where `rows` leaves room for one. */
export function slaveDetail(
  facts: SlaveFacts,
  area: { readonly columns: number; readonly rows: number },
): TonedLine[] {
  const { member, series } = facts;
  const { columns } = area;
  const sign = STATE_SIGNS[member.state];
  const lines = [
    ...linesOf(`${sign.glyph} ${member.nodeId} is ${member.state}: ${member.reason}`, columns, sign.tone),
    ...faultLines(member, columns),
    ...copyLines(facts, columns),
    labelled("queue", queueInWords(member.queue)),
    labelled("cursor", cursorOf(facts, columns - LABEL)),
    labelled("behind", behindInWords(member.lag)),
  ];
  const rate = member.throughput
    ? `${member.throughput.transactionsPerSecond.toFixed(1)} transactions/s, ${bytesInWords(member.throughput.bytesPerSecond)}/s`
    : "not known";
  const errors = errorLines(facts, columns);
  const room = Math.min(CHART_HEIGHT_MAX, area.rows - lines.length - errors.length - 1);
  const values = series?.transactionsPerSecond ?? [];
  if (room < CHART_HEIGHT_MIN) {
    return [...lines, labelled("receives", `${rate} ${sparkline(values, SPARK_WIDTH).trim()}`), ...errors];
  }
  const most = Math.max(0, ...values).toFixed(1);
  const bars = barChart(values, { width: Math.min(columns, 60), height: room });
  return [
    ...lines,
    labelled("receives", `${rate}; at most ${most} transactions/s in the last minute:`),
    ...bars.map((text) => ({ text, tone: "accent" as const })),
    ...errors,
  ];
}

function labelled(label: string, text: string): TonedLine {
  return { text: `${label.padEnd(LABEL)}${text}`, tone: "plain" };
}

/** Where it is, and where the master is; the ends of both, since they begin alike. */
function cursorOf({ member, masterPosition }: SlaveFacts, width: number): string {
  const acked = member.queue?.acked ?? member.position;
  const each = Math.max(12, Math.floor((width - 10) / 2));
  if (acked === null) return "it has not told its position yet";
  return `${shortPosition(acked, each)} acked${masterPosition === null ? "" : ` of ${shortPosition(masterPosition, each)}`}`;
}

function faultLines(member: Member, columns: number): TonedLine[] {
  const sentence = member.state === "broken" ? member.reason : (member.queue?.lastError ?? "");
  if (sentence === "") return [];
  const fault = statementFault(sentence);
  if (!fault) return linesOf(`last error: ${sentence}`, columns, "bad");
  return [
    ...linesOf(`table     ${fault.table ?? "none: a statement that changes no rows"}`, columns, "bad"),
    ...linesOf(`GTID      ${fault.gtid}`, columns, "bad"),
    ...linesOf(`error     ${fault.error}`, columns, "bad"),
  ];
}

function copyLines({ member, series }: SlaveFacts, columns: number): TonedLine[] {
  if (!member.copy) return [];
  return [
    { text: copyLine(member, series?.copy ?? []), tone: "accent" },
    ...linesOf(NO_CANCEL, columns, "quiet"),
  ];
}

/** The latest events that tell of its errors, the newest first. */
function errorLines({ member, events }: SlaveFacts, columns: number): TonedLine[] {
  return events
    .filter((event) => event.nodeId === member.nodeId && isError(event))
    .slice(-EVENTS_MAX)
    .toReversed()
    .flatMap((event) =>
      linesOf(`${timeOfDay(event.time)} ${event.kind}: ${event.message}`, columns, "notice"),
    );
}

function isError({ kind }: ClusterEvent): boolean {
  return kind === "error" || kind === "replication-broken" || kind === "replication-resumed";
}

/** All of one slave, for reading in full. */
export function slaveInWords(facts: SlaveFacts): string {
  const { member, masterPosition } = facts;
  return [
    ...slaveDetail({ ...facts, events: [] }, { columns: 100, rows: 0 }).map(({ text }) => text),
    "",
    `address   ${member.url}`,
    `server    ${member.flavour} ${member.serverVersion}, Understudy ${member.version}`,
    `acked     ${member.queue?.acked ?? "not known"}`,
    `position  ${member.position ?? "not known"}`,
    `master    ${masterPosition ?? "not known"}`,
    "",
    ...facts.events
      .filter((event) => event.nodeId === member.nodeId)
      .toReversed()
      .map((event) => `${event.time} ${event.kind}: ${event.message}`),
  ].join("\n");
}
