import type { BinlogCommand, BinlogPacket } from "./binlog-connection.ts";
import type { BinlogEvent } from "./binlog-event.ts";
import { decodeEvent, EVENT_HEADER_BYTES } from "./decode-event.ts";
import { parseServerError, type ServerError } from "./server-error.ts";
import { EVENT_TYPE } from "./event-type.ts";
import { UnderstudyError } from "@understudy/protocol";

const OK_MARKER = 0x00;
const END_OF_FILE_MARKER = 0xfe;
const ERROR_MARKER = 0xff;
/** In a format event: binlog version u16, server version, creation time u32, header length u8 before the lengths by type. */
const FORMAT_FIXED_BYTES = 2 + 50 + 4 + 1;
const CHECKSUM_CRC32 = 1;

/** What a dump reports, each from within mysql2's data event. */
export interface DumpListener {
  onEvent(event: BinlogEvent): void;
  /** The server says that the binlog ends here. */
  onEnd(): void;
  /** The server's error packet. */
  onServerError(error: ServerError): void;
  /** The connection broke, or what came is damaged. */
  onFailure(error: Error): void;
}

/** A dump as a command of mysql2: `send` puts it on the wire; each packet holds one event, which is copied and verified. */
export function createDumpCommand(send: () => void, listener: DumpListener): BinlogCommand {
  return {
    execute(packet) {
      try {
        if (packet) return receive(packet, listener);
        send();
        return false;
      } catch (error) {
        // mysql2 would keep what is thrown here to itself
        listener.onFailure(error instanceof Error ? error : new Error(String(error)));
        return true;
      }
    },
    onResult(error) {
      if (error) listener.onFailure(error);
    },
  };
}

/** Takes one packet; true at the end of the dump. */
function receive(packet: BinlogPacket, listener: DumpListener): boolean {
  const { buffer, offset, end } = packet;
  switch (buffer[offset]) {
    case OK_MARKER: {
      // mysql2 reuses its memory, and a view would keep a whole chunk of it alive for one small event
      const bytes = Buffer.allocUnsafe(end - offset - 1);
      buffer.copy(bytes, 0, offset + 1, end);
      const event = decodeEvent(bytes);
      if (event.type === EVENT_TYPE.formatDescription) requireChecksums(bytes);
      listener.onEvent(event);
      return false;
    }
    case END_OF_FILE_MARKER:
      listener.onEnd();
      return true;
    case ERROR_MARKER:
      listener.onServerError(parseServerError(buffer.subarray(offset, end)));
      return true;
    default:
      throw new UnderstudyError(
        "binlog-corrupt",
        `the server sent a packet that is no event (marker ${buffer[offset]})`,
      );
  }
}

/** A format event's last byte before its own checksum says how the events after it are protected. */
function requireChecksums(bytes: Buffer): void {
  const algorithm = bytes.length > EVENT_HEADER_BYTES + FORMAT_FIXED_BYTES ? bytes.at(-5) : undefined;
  if (algorithm === CHECKSUM_CRC32) return;
  throw new UnderstudyError(
    "server-unsuitable",
    "a binlog file was written without checksums; set binlog_checksum=CRC32 and purge the older files",
  );
}
