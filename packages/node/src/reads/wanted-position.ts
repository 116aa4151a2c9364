import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import {
  formatPosition,
  parsePosition,
  parsePositions,
  UnderstudyError,
  type Flavour,
  type Position,
} from "@understudy/protocol";

/** A position that a read waits for, read once. */
export interface WantedPosition {
  readonly epoch: bigint;
  readonly gtid: GtidPosition;
  /** As it was given. */
  readonly text: string;
}

/** Reads the `after` of a read: one position or several. Throws `invalid-request`, also for positions of the other flavour. */
export function parseWantedPositions(flavour: Flavour, after: string): readonly WantedPosition[] {
  return inWords(after, () => parsePositions(after).map((one) => wantedOf(flavour, one)));
}

/** Reads a single position, likewise. */
export function parseWantedPosition(flavour: Flavour, text: string): WantedPosition {
  return inWords(text, () => wantedOf(flavour, parsePosition(text)));
}

function wantedOf(flavour: Flavour, position: Position): WantedPosition {
  const { epoch, gtid } = position;
  return { epoch, gtid: parseGtidPosition(flavour, gtid), text: formatPosition(position) };
}

function inWords<T>(text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UnderstudyError(
      "invalid-request",
      `after is not a position of this cluster, as answers tell them: ${JSON.stringify(text.slice(0, 80))}`,
      { details: { path: "/after" }, cause: error },
    );
  }
}
