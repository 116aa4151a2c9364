import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { parsePosition, UnderstudyError, type Flavour } from "@understudy/protocol";

/** A position that a read waits for, read once. */
export interface WantedPosition {
  readonly epoch: bigint;
  readonly gtid: GtidPosition;
  /** As it was given. */
  readonly text: string;
}

/** Reads the `after` of a read. Throws `invalid-request`, also for a position of the other flavour. */
export function parseWantedPosition(flavour: Flavour, text: string): WantedPosition {
  try {
    const { epoch, gtid } = parsePosition(text);
    return { epoch, gtid: parseGtidPosition(flavour, gtid), text };
  } catch (error) {
    throw new UnderstudyError(
      "invalid-request",
      `after is not a position of this cluster, as answers tell them: ${JSON.stringify(text.slice(0, 80))}`,
      { details: { path: "/after" }, cause: error },
    );
  }
}
