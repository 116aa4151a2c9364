import type { ClusterView, Member } from "@understudy/protocol";
import type { MemberSeries } from "../../state/member-series.ts";
import { ageOf, lagWords, shortPosition, STATE_SIGNS } from "../../state/wording.ts";
import { sparkline } from "../../widgets/progress.ts";
import type { TableColumn } from "../../widgets/table.tsx";

const POSITION_WIDTH = 24;
const SPARK_WIDTH = 12;

/** What a line of the members' table is made of. */
export interface MemberColumnsContext {
  readonly view: ClusterView;
  readonly series: ReadonlyMap<string, MemberSeries>;
  /** Wall clock. */
  readonly nowMs: number;
}

/** All columns of members from left to right; the narrower the screen, the fewer are shown. */
export function memberColumns({ view, series, nowMs }: MemberColumnsContext): readonly TableColumn<Member>[] {
  return [
    {
      title: "  node",
      width: null,
      text: (member) => `${view.leader?.nodeId === member.nodeId ? "★" : " "} ${member.nodeId}`,
      order: (member) => member.nodeId,
    },
    { title: "role", width: 6, text: (member) => member.role },
    {
      title: "state",
      width: 9,
      text: (member) => `${STATE_SIGNS[member.state]?.glyph ?? "?"} ${member.state}`,
      tone: (member) => STATE_SIGNS[member.state]?.tone ?? "notice",
    },
    {
      title: "lag",
      width: 13,
      text: (member) => lagWords(member.lag),
      order: (member) => member.lag.ms ?? Number.POSITIVE_INFINITY,
    },
    {
      title: "lag, a minute",
      width: 13,
      fromColumns: 118,
      text: (member) => sparkline(series.get(member.nodeId)?.lagMs ?? [], SPARK_WIDTH),
      tone: () => "accent",
    },
    { title: "last seen", width: 10, text: (member) => ageOf(member.lastSeen, nowMs) },
    { title: "queue", width: 8, fromColumns: 72, text: (member) => member.queue?.mode ?? "–" },
    {
      title: "tx/s",
      width: 7,
      fromColumns: 84,
      text: (member) => (member.throughput ? member.throughput.transactionsPerSecond.toFixed(1) : "–"),
      order: (member) => member.throughput?.transactionsPerSecond ?? -1,
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
      fromColumns: 150,
      text: (member) => `${member.flavour} ${member.serverVersion}`,
    },
  ];
}

/** A member in whole sentences, for the detail. */
export function memberInWords(member: Member): string {
  const { queue, throughput } = member;
  return [
    `${member.nodeId} is ${member.role} and ${member.state}: ${member.reason}`,
    `address   ${member.url}`,
    `server    ${member.flavour} ${member.serverVersion}, Understudy ${member.version}`,
    `position  ${member.position ?? "not known"}`,
    `lag       ${lagWords(member.lag)}`,
    `queue     ${queue ? `${queue.mode}, acked ${queue.acked}, ${queue.deliveriesInFlight} on their way` : "none"}`,
    ...(queue?.lastError ? [`error     ${queue.lastError}`] : []),
    ...(throughput
      ? [
          `receives  ${throughput.transactionsPerSecond.toFixed(1)} transactions/s, ${Math.round(throughput.bytesPerSecond)} bytes/s`,
        ]
      : []),
  ].join("\n");
}
