import type { Member } from "@understudy/protocol";
import type { MemberSeries } from "../../state/member-series.ts";
import { duration, shortPosition, STATE_SIGNS } from "../../state/wording.ts";
import { bytesInWords, sparkline } from "../../widgets/progress.ts";
import type { TableColumn } from "../../widgets/table.tsx";

const POSITION_WIDTH = 24;
const SPARK_WIDTH = 20;

/** Columns of the slaves, from left to right. */
export function slaveColumns(series: ReadonlyMap<string, MemberSeries>): readonly TableColumn<Member>[] {
  return [
    { title: "slave", width: null, text: (member) => member.nodeId },
    {
      title: "state",
      width: 9,
      text: (member) => `${STATE_SIGNS[member.state].glyph} ${member.state}`,
      tone: (member) => STATE_SIGNS[member.state].tone,
    },
    { title: "queue", width: 8, text: (member) => member.queue?.mode ?? "–" },
    {
      title: "behind",
      width: 9,
      align: "right",
      text: (member) => counted(member.lag.transactions, (count) => `${count} tx`),
      order: (member) => member.lag.transactions ?? Number.POSITIVE_INFINITY,
    },
    {
      title: "bytes",
      width: 8,
      align: "right",
      fromColumns: 70,
      text: (member) => counted(member.lag.bytes, bytesInWords),
    },
    { title: "time", width: 7, align: "right", text: (member) => counted(member.lag.ms, duration) },
    {
      title: "tx/s",
      width: 7,
      align: "right",
      fromColumns: 78,
      text: (member) => (member.throughput ? member.throughput.transactionsPerSecond.toFixed(1) : "–"),
    },
    {
      title: "acked",
      width: POSITION_WIDTH,
      fromColumns: 110,
      text: (member) => shortPosition(member.queue?.acked ?? member.position, POSITION_WIDTH),
    },
    {
      title: "tx/s, a minute",
      width: SPARK_WIDTH,
      fromColumns: 134,
      text: (member) => sparkline(series.get(member.nodeId)?.transactionsPerSecond ?? [], SPARK_WIDTH),
      tone: () => "accent",
    },
  ];
}

function counted(value: number | null, words: (value: number) => string): string {
  return value === null ? "–" : words(value);
}
