import type {
  QuarantinedTransaction,
  QuarantineEntry,
  QuarantineManifest,
  QuarantineOutcome,
  QuarantineReport,
} from "@understudy/protocol";
import { ageOf, type Tone } from "../../state/wording.ts";
import { bytesInWords } from "../../widgets/progress.ts";
import type { TableColumn } from "../../widgets/table.tsx";

const STATE_SIGNS: Readonly<
  Record<QuarantineEntry["state"], { readonly glyph: string; readonly tone: Tone }>
> = {
  open: { glyph: "!", tone: "notice" },
  applied: { glyph: "✓", tone: "good" },
  discarded: { glyph: "×", tone: "quiet" },
};

/** Columns of what is kept in quarantine. */
export function entryColumns(nowMs: number): readonly TableColumn<QuarantineEntry>[] {
  return [
    { title: "node", width: 14, text: ({ manifest }) => manifest.node },
    {
      title: "state",
      width: 11,
      text: ({ state }) => `${STATE_SIGNS[state].glyph} ${state}`,
      tone: ({ state }) => STATE_SIGNS[state].tone,
    },
    {
      title: "transactions",
      width: 12,
      align: "right",
      text: ({ manifest }) => (isWholeCopy(manifest) ? "all data" : String(manifest.clientTransactionCount)),
    },
    { title: "saved", width: 9, text: ({ manifest }) => ageOf(manifest.savedAt, nowMs) },
    {
      title: "size",
      width: 8,
      align: "right",
      fromColumns: 70,
      text: ({ manifest }) => bytesInWords(manifest.bytes),
    },
    { title: "entry", width: null, text: ({ manifest }) => manifest.id },
  ];
}

/** True for an entry that holds all data of its node, since its own transactions could not be told apart. */
export function isWholeCopy({ kind }: QuarantineManifest): boolean {
  return kind === "whole-copy";
}

/** What an entry holds, in a few words. */
export function contentInWords(manifest: QuarantineManifest): string {
  const { node, clientTransactionCount } = manifest;
  return isWholeCopy(manifest)
    ? `A copy of all data that ${node} had`
    : `${clientTransactionCount} transactions that only ${node} had`;
}

/** An entry and what each of its transactions did, for people. */
export function entryInWords(
  { manifest, state, discarded, report }: QuarantineEntry,
  transactions: readonly QuarantinedTransaction[],
  hasMore: boolean,
): string {
  if (isWholeCopy(manifest)) return copyInWords(manifest, stateInWords(state, discarded));
  const own = manifest.transactionCount - manifest.clientTransactionCount;
  return [
    `${contentInWords(manifest)} when epoch ${manifest.epoch} began; saved ${manifest.savedAt}`,
    ...(own > 0 ? [`and ${own} that only touch what the cluster keeps about itself`] : []),
    `state     ${stateInWords(state, discarded)}`,
    `server    ${manifest.flavour} ${manifest.serverVersion}, ${bytesInWords(manifest.bytes)}`,
    `shared    ${manifest.positions.shared}`,
    ...(report ? ["", reportInWords(report)] : []),
    ...transactions.flatMap((one) => ["", ...transactionInWords(one)]),
    ...(hasMore ? ["", "… there are more; l lists all of them"] : []),
  ].join("\n");
}

function stateInWords(state: QuarantineEntry["state"], discarded: QuarantineEntry["discarded"]): string {
  return `${state}${discarded ? `: ${discarded.reason} (by ${discarded.by}, ${discarded.at})` : ""}`;
}

function copyInWords(manifest: QuarantineManifest, state: string): string {
  const { id, node, epoch, savedAt, flavour, serverVersion, bytes, positions, wholeCopy } = manifest;
  return [
    `${contentInWords(manifest)} when epoch ${epoch} began; saved ${savedAt}`,
    `It is kept whole since its own transactions could not be told apart: ${wholeCopy?.reason ?? ""}`,
    `state     ${state}`,
    `server    ${flavour} ${serverVersion}, ${bytesInWords(bytes)}`,
    `shared    ${positions.shared}`,
    `it had    ${positions.own}`,
    `lost may be ${wholeCopy?.errant ?? ""}`,
    "",
    "There is nothing to apply. Restore it into a server of its own, compare, enter there what is missing, and discard it (d).",
    `Its file: GET /cluster/quarantine/${id}/raw of ${node}; l tells how to restore it.`,
  ].join("\n");
}

function transactionInWords(one: QuarantinedTransaction): string[] {
  const count = (rows: number | null): string => (rows === null ? "some" : String(rows));
  return [
    `${one.index + 1}. ${one.gtid}, committed ${one.committedAt}${one.isBookkeeping ? " (only the cluster's own)" : ""}`,
    ...one.tables.map(
      ({ database, table, inserted, updated, deleted }) =>
        `   ${database}.${table}: ${count(inserted)} inserted, ${count(updated)} updated, ${count(deleted)} deleted`,
    ),
    ...(one.moreTables > 0 ? [`   and ${one.moreTables} more tables`] : []),
    ...one.statements.map((statement) => `   ${statement};`),
    ...(one.moreStatements > 0 ? [`   and ${one.moreStatements} more statements`] : []),
  ];
}

/** A report of checking or applying, its conflicts in words. */
export function reportInWords(report: QuarantineReport): string {
  const isCheck = report.mode === "check";
  return [
    `${isCheck ? "Checked; nothing is changed" : "Applied"}: ${report.applied} ${isCheck ? "would be" : "were"} applied, ${report.conflicts} ${report.conflicts === 1 ? "conflict" : "conflicts"}, ${report.skipped} skipped. A conflict ${report.onConflict === "stop" ? "stops it" : "is left out"}.`,
    ...report.outcomes.map(outcomeInWords),
    ...(report.moreOutcomes > 0 ? [`… and ${report.moreOutcomes} more`] : []),
  ].join("\n");
}

function outcomeInWords({ index, gtid, outcome, conflict, reason, unchecked }: QuarantineOutcome): string {
  const sign = { applied: "✓", conflict: "!", skipped: "–" }[outcome];
  const rows = conflict?.rows ? `, ${conflict.rows} rows` : "";
  const what = conflict
    ? ` ${conflict.kind}${conflict.table === null ? "" : ` on ${conflict.table}`}${rows}`
    : "";
  const notes = unchecked.map((note) => `\n    not compared: ${note}`).join("");
  return `${sign} ${index + 1}. ${gtid} ${outcome}${what}${reason === null ? "" : `: ${reason}`}${notes}`;
}
