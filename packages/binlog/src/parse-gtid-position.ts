import type { Flavour } from "@understudy/protocol";
import type { GtidPosition } from "./gtid-position.ts";
/** Reads a position's text; white space is allowed. Throws `invalid-request`. */
export function parseGtidPosition(_flavour: Flavour, _text: string): GtidPosition {
  throw new Error("coming");
}
/** The position before the first transaction. */
export function emptyPosition(flavour: Flavour): GtidPosition {
  return parseGtidPosition(flavour, "");
}
