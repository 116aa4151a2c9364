import type { Flavour } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
/** Limits of {@link expandEvent}. */
export interface ExpandLimits {
  /** Most bytes that one event may expand to. Default 256 MiB. */
  readonly expandedBytesMax?: number;
}
/** What a compressed event holds, as plain events; others are given back as they are. */
export function expandEvent(
  _event: BinlogEvent,
  _flavour: Flavour,
  _limits: ExpandLimits = {},
): readonly BinlogEvent[] {
  throw new Error("coming");
}
/** As {@link expandEvent}, but piece by piece, so that a payload of any size takes little memory. */
export async function* expandEventInBatches(
  _event: BinlogEvent,
  _flavour: Flavour,
): AsyncGenerator<readonly BinlogEvent[]> {
  throw new Error("coming");
}
