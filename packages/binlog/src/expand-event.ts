import { zstdDecompressSync, createZstdDecompress } from "node:zlib";
import { isCodedError, messageOf } from "@understudy/kernel";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { sealEvent } from "./decode-event.ts";
import { EventCutter } from "./event-cutter.ts";
import { EVENT_BYTES_MAX } from "./event-stream.ts";
import { EVENT_TYPE } from "./event-type.ts";
import { expandMariadbEvent, isMariadbCompressed } from "./mariadb-compressed-event.ts";
import { parseMysqlPayload, type MysqlPayload } from "./mysql-payload.ts";

const EXPANDED_BYTES_MAX = 256 * 1024 * 1024;
/** Piece of a payload that is expanded at once. */
const PIECE_BYTES = 256 * 1024;

/** Limits of {@link expandEvent}. */
export interface ExpandLimits {
  /** Most bytes that one event may expand to. Default 256 MiB. */
  readonly expandedBytesMax?: number;
}

/**
 * What a compressed event holds, as plain events with checksums: the whole transaction of a MySQL payload event (type 40: BEGIN,
 * rows, Xid), one event for MariaDB's types 165 to 171. Other events are given back as they are.
 * Throws `binlog-unsupported` beyond the limit (use {@link expandEventInBatches} for payloads of any size) and for an unknown
 * compression, `binlog-corrupt` where the content is damaged.
 */
export function expandEvent(
  event: BinlogEvent,
  flavour: Flavour,
  limits: ExpandLimits = {},
): readonly BinlogEvent[] {
  const expandedBytesMax = limits.expandedBytesMax ?? EXPANDED_BYTES_MAX;
  if (isMariadbCompressed(event, flavour)) return [expandMariadbEvent(event, expandedBytesMax)];
  if (!isMysqlPayload(event, flavour)) return [event];
  const payload = parseMysqlPayload(event);
  if (payload.expandedBytes > expandedBytesMax) {
    throw new UnderstudyError(
      "binlog-unsupported",
      `a compressed transaction of ${payload.expandedBytes} bytes is larger than the limit of ${expandedBytesMax}`,
      { details: { eventType: event.type } },
    );
  }
  const cutter = newCutter();
  let plain: Buffer;
  try {
    plain = payload.isCompressed
      ? zstdDecompressSync(payload.content, { maxOutputLength: payload.expandedBytes })
      : payload.content;
  } catch (error) {
    throw damaged(error);
  }
  const events = cutter.push(plain).map((bytes) => sealEvent([bytes]));
  requireWhole(cutter, plain.length, payload);
  return events;
}

/**
 * As {@link expandEvent}, but piece by piece: a MySQL payload of any size takes, beside itself, 256 KiB and its largest event.
 * An event of another type comes as one batch.
 */
export async function* expandEventInBatches(
  event: BinlogEvent,
  flavour: Flavour,
): AsyncGenerator<readonly BinlogEvent[]> {
  if (!isMysqlPayload(event, flavour)) {
    yield expandEvent(event, flavour, { expandedBytesMax: EVENT_BYTES_MAX });
    return;
  }
  const payload = parseMysqlPayload(event);
  const cutter = newCutter();
  let expandedBytes = 0;
  try {
    for await (const piece of pieces(payload)) {
      expandedBytes += piece.length;
      if (expandedBytes > payload.expandedBytes) break;
      const events = cutter.push(piece);
      if (events.length > 0) yield events.map((bytes) => sealEvent([bytes]));
    }
  } catch (error) {
    throw damaged(error);
  }
  requireWhole(cutter, expandedBytes, payload);
}

function isMysqlPayload(event: BinlogEvent, flavour: Flavour): boolean {
  return flavour === "mysql" && event.type === EVENT_TYPE.transactionPayload;
}

async function* pieces(payload: MysqlPayload): AsyncGenerator<Buffer> {
  if (!payload.isCompressed) {
    yield payload.content;
    return;
  }
  const expander = createZstdDecompress({ chunkSize: PIECE_BYTES });
  expander.end(payload.content);
  for await (const piece of expander) if (Buffer.isBuffer(piece)) yield piece;
}

/** Events within a payload carry no checksum. */
function newCutter(): EventCutter {
  return new EventCutter({ trailerBytes: 0, eventBytesMax: EVENT_BYTES_MAX });
}

function requireWhole(cutter: EventCutter, expandedBytes: number, payload: MysqlPayload): void {
  if (cutter.pendingBytes === 0 && expandedBytes === payload.expandedBytes) return;
  throw new UnderstudyError(
    "binlog-corrupt",
    `a compressed transaction does not hold the ${payload.expandedBytes} bytes of whole events that it says`,
  );
}

function damaged(error: unknown): unknown {
  if (isCodedError(error)) return error;
  return new UnderstudyError(
    "binlog-corrupt",
    `a compressed transaction cannot be expanded: ${messageOf(error)}`,
    { cause: error },
  );
}
