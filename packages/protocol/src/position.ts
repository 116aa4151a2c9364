import { UnderstudyError } from "./understudy-error.ts";

/** Where a node's history ends, as clients carry it: opaque text `<epoch>:<gtid set or list>`. */
export interface Position {
  readonly epoch: bigint;
  /** A GTID set (MySQL) or GTID list (MariaDB); empty for an empty history. */
  readonly gtid: string;
}

/** Text form of a position; white space inside the GTID set is dropped, so that it fits a header. */
export function formatPosition(position: Position): string {
  return `${position.epoch}:${position.gtid.replaceAll(/\s+/g, "")}`;
}

/** Reads {@link formatPosition}'s text. Throws `invalid-request`. */
export function parsePosition(text: string): Position {
  const match = /^(\d{1,19}):([0-9a-fA-F:,_\-\w]*)$/.exec(text);
  if (!match?.[1]) {
    throw new UnderstudyError("invalid-request", `not a position: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return { epoch: BigInt(match[1]), gtid: match[2] ?? "" };
}

/** Positions that one `after` may name. */
const POSITIONS_MAX = 16;

/**
 * Reads `after`: one position, or several with a space between them, of which a read has to see all. More than one are what a
 * client has whose calls overlapped, since it can't tell which of two positions has the other. Throws `invalid-request`.
 */
export function parsePositions(text: string): readonly Position[] {
  const texts = text.split(" ");
  if (texts.length > POSITIONS_MAX) {
    throw new UnderstudyError("invalid-request", `\`after\` names more than ${POSITIONS_MAX} positions`);
  }
  return texts.map((one) => parsePosition(one));
}
