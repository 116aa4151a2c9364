import type { ServerError } from "@understudy/binlog";

/** Holds the sequence number of the last transaction that reached its COMMIT whole. */
const MARK = "@understudy_whole";
/** Out of any double's range, and not likely in anyone's statement. */
const REFUSAL = "EXP(9877001)";
const OUT_OF_RANGE = 1690;
const GTID_OUT_OF_ORDER = 1950;

/**
 * MariaDB: right before a COMMIT (or between the statements of a transaction), fails where the GTID is used up. Then the server
 * has written the statements so far by themselves, and would write the rest under a number of its own, which is the next transaction's.
 */
export function wholenessCheck(gtid: string): string {
  const sequence = sequenceOf(gtid);
  return `SET ${MARK}=IF(@@gtid_seq_no=${sequence},${sequence},${REFUSAL});`;
}

/** As {@link wholenessCheck} where one statement is all of the transaction, which may be written already. */
export function lenientWholenessCheck(gtid: string): string {
  const sequence = sequenceOf(gtid);
  return `SET ${MARK}=IF(@@gtid_seq_no=${sequence} OR @@last_gtid='${gtid}',${sequence},${REFUSAL});`;
}

/** Says that the statement before was all of the transaction, and went well. */
export function wholenessMark(gtid: string): string {
  return `SET ${MARK}=${sequenceOf(gtid)};`;
}

/** Asks for the mark. */
export const WHOLENESS_QUESTION = `SELECT ${MARK}`;

/** True where the answer to {@link WHOLENESS_QUESTION} names the transaction. */
export function isMarkOf(mark: string | null | undefined, gtid: string): boolean {
  return mark === sequenceOf(gtid);
}

/** True for an error that tells of a transaction in parts: our own refusal, or a GTID that something else has taken. */
export function isSplitError({ errno, message }: ServerError): boolean {
  if (errno === GTID_OUT_OF_ORDER) return true;
  return errno === OUT_OF_RANGE && message.toUpperCase().includes(REFUSAL);
}

/** The words for it. */
export const SPLIT_WORDS =
  "the server has written a part of it, or something else, under a GTID that was to stand for a whole transaction; " +
  "this copy can no longer be trusted and must be made anew";

function sequenceOf(gtid: string): string {
  return gtid.slice(gtid.lastIndexOf("-") + 1);
}
