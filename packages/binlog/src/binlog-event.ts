/** One event of a binlog: its header's fields, and all its bytes. */
export interface BinlogEvent {
  /** Event type code, for both flavours (see event-type.ts). */
  readonly type: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly serverId: number;
  readonly flags: number;
  /** End position in the binlog file that the event was read from; 0 for events made up by the server. */
  readonly nextPosition: number;
  /** The whole event, 19-byte header and the 4-byte CRC32 at its end included. */
  readonly bytes: Buffer;
}
