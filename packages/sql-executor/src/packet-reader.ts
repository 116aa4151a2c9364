import type { RawPacket } from "./raw-connection.ts";

/** Reads the length-encoded integers and strings of the client protocol from a packet, moving its `offset`. */
export const packetReader = {
  /** A length-encoded integer that fits a number; -1 for the NULL mark. */
  length(packet: RawPacket): number {
    const first = packet.buffer[packet.offset++] ?? 0;
    if (first < 0xfb) return first;
    if (first === 0xfb) return -1;
    const width = first === 0xfc ? 2 : first === 0xfd ? 3 : 8;
    packet.offset += width;
    if (width === 8) return Number(packet.buffer.readBigUInt64LE(packet.offset - 8));
    return packet.buffer.readUIntLE(packet.offset - width, width);
  },

  /** A length-encoded integer as decimal text, exact up to 2^64. */
  integerText(packet: RawPacket): string {
    if (packet.buffer[packet.offset] === 0xfe) {
      packet.offset += 9;
      return packet.buffer.readBigUInt64LE(packet.offset - 8).toString();
    }
    return String(packetReader.length(packet));
  },

  text(packet: RawPacket): string {
    const length = packetReader.length(packet);
    if (length <= 0) return "";
    packet.offset += length;
    return packet.buffer.toString("utf8", packet.offset - length, packet.offset);
  },

  skipText(packet: RawPacket): void {
    const length = packetReader.length(packet);
    if (length > 0) packet.offset += length;
  },

  u16(packet: RawPacket): number {
    packet.offset += 2;
    return packet.buffer.readUInt16LE(packet.offset - 2);
  },
};
