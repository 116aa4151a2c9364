import { BINLOG_MAGIC } from "@understudy/binlog";

/** A batch's body in one piece: magic, format description event, whole event groups. */
export function deliveryBody(format: Buffer, groups: readonly Buffer[]): Buffer {
  return Buffer.concat([BINLOG_MAGIC, format, ...groups]);
}
