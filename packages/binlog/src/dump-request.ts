import { encodeGtidSet } from "./gtid-set-encoding.ts";
import type { GtidPosition } from "./gtid-position.ts";
import { asMariadbGtidList } from "./mariadb-gtid-list.ts";
import { asMysqlGtidSet } from "./mysql-gtid-set.ts";

const COM_BINLOG_DUMP = 0x12;
const COM_BINLOG_DUMP_GTID = 0x1e;
/** Ask for an end-of-file packet at the binlog's end instead of waiting. */
const NON_BLOCKING = 1;
/** First event of any binlog file, right after the magic bytes. */
const FIRST_POSITION = 4;

/** What decides a dump. */
export interface DumpRequest {
  readonly from: GtidPosition;
  readonly readerServerId: number;
  readonly heartbeatMs: number;
  readonly untilEnd: boolean;
}

/** The statements that prepare a session for the dump, one a packet. */
export function dumpSessionStatements(request: DumpRequest): readonly string[] {
  const { from, readerServerId } = request;
  const heartbeatNs = BigInt(Math.ceil(request.heartbeatMs)) * 1_000_000n;
  if (from.flavour === "mysql") {
    // the server ends an older dump of the same uuid, so each reader has one of its own, made of its server id
    const uuid = `756e6465-7273-4475-8479-${readerServerId.toString(16).padStart(12, "0")}`;
    return [
      // both names of each: which one a server looks at depends on its version
      `SET @source_binlog_checksum='CRC32', @master_binlog_checksum='CRC32'`,
      `SET @source_heartbeat_period=${heartbeatNs}, @master_heartbeat_period=${heartbeatNs}`,
      `SET @replica_uuid='${uuid}', @slave_uuid='${uuid}'`,
    ];
  }
  return [
    `SET @master_binlog_checksum='CRC32'`,
    `SET @master_heartbeat_period=${heartbeatNs}`,
    // 4: knows GTIDs
    `SET @mariadb_slave_capability=4`,
    // a list holds digits, dashes and commas only, so it needs no quoting
    `SET @slave_connect_state='${asMariadbGtidList(from)}', @slave_gtid_strict_mode=1, @slave_gtid_ignore_duplicates=0`,
  ];
}

/** The dump command as one packet, with room for the packet header in its first four bytes. */
export function dumpPacket(request: DumpRequest): Buffer {
  const flags = request.untilEnd ? NON_BLOCKING : 0;
  if (request.from.flavour === "mariadb") {
    const packet = Buffer.alloc(4 + 11);
    packet.writeUInt8(COM_BINLOG_DUMP, 4);
    packet.writeUInt32LE(FIRST_POSITION, 5);
    packet.writeUInt16LE(flags, 9);
    packet.writeUInt32LE(request.readerServerId, 11);
    return packet;
  }
  const set = encodeGtidSet(asMysqlGtidSet(request.from));
  const head = Buffer.alloc(4 + 23);
  head.writeUInt8(COM_BINLOG_DUMP_GTID, 4);
  head.writeUInt16LE(flags, 5);
  head.writeUInt32LE(request.readerServerId, 7);
  // no file name: its length, four bytes, stays 0
  head.writeBigUInt64LE(BigInt(FIRST_POSITION), 15);
  head.writeUInt32LE(set.length, 23);
  return Buffer.concat([head, set]);
}
