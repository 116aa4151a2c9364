import { parseServerError } from "@understudy/binlog";
import { packetReader } from "./packet-reader.ts";
import type { RawCommand, RawConnection, RawPacket } from "./raw-connection.ts";
import { readColumn, type WireColumn } from "./wire-column.ts";

/** What one statement answered beside its rows. */
export interface StatementEnd {
  /** Of the last result set; null where there was none. */
  readonly columns: readonly WireColumn[] | null;
  readonly affectedRows: number;
  readonly insertId: string | null;
  readonly warningCount: number;
  readonly gtid: string | null;
  /** The session differs from what it was: variables, temporary tables, prepared statements. */
  readonly stateChanged: boolean;
  /** The prelude met traces of an earlier statement, which this one may have seen. */
  readonly foundTraces: boolean;
  /** Whether the session is in a transaction now; null where the answer was not read to its end, and the connection dropped. */
  readonly inTransaction: boolean | null;
  /** The transaction has changed rows; only told where the session tracks it, and not with a result set. */
  readonly hasWritten: boolean;
}

/** Where the rows of a statement go. */
export interface RowSink {
  /**
   * A result set begins; one that came before is void. With `foundTraces` its rows may rest on what an earlier statement left in
   * the session.
   */
  begin(columns: readonly WireColumn[], foundTraces: boolean): void;
  /** One row, to be read during the call. `enough` drops the connection with all that would still come. */
  take(packet: RawPacket): "more" | "enough";
}

/** The connection broke while a statement was under way, or before. */
export class ConnectionLostError extends Error {
  /** False where the statement surely never left this process. */
  readonly sent: boolean;

  constructor(message: string, sent: boolean, cause?: unknown) {
    super(message, { cause });
    this.name = "ConnectionLostError";
    this.sent = sent;
  }
}

/** What mysql2 keeps on a connection beside its documented face. */
interface ConnectionInside {
  sequenceId: number;
  readonly serverCapabilityFlags?: number;
  readonly config: { readonly clientFlags: number };
  readonly _mariadbExtendedMetadata?: boolean;
  write(buffer: Buffer): void;
}

const COM_QUERY = 0x03;
const QUERY_ATTRIBUTES = 1 << 27;
const PACKET_BYTES_MAX = 0xffffff;
const STATUS = { inTransaction: 0x0001, moreResults: 0x0008, sessionStateChanged: 0x4000 } as const;

/** What a {@link QueryCommand} sends. */
export interface QueryText {
  readonly sql: string;
  /**
   * A statement that goes ahead in the same write, so that it costs no round trip. It must answer with OK and can't
   * fail for what the client sent; where it fails nevertheless, the connection is dropped.
   */
  readonly prelude?: string | undefined;
}

/** Sends one statement as text and reads all that it answers; its rows go to a {@link RowSink} as they come. */
export class QueryCommand implements RawCommand {
  readonly #query: QueryText;
  readonly #sink: RowSink;
  readonly #settle: (error: Error | null, end?: StatementEnd) => void;
  #read: (packet: RawPacket, connection: RawConnection) => boolean = (packet) => this.#readHeader(packet);
  #preludePending: boolean;
  #packetCount = 1;
  #sent = false;
  #extendedMetadata = false;
  #columnCount = 0;
  #columns: WireColumn[] | null = null;
  #affectedRows = 0;
  #insertId: string | null = null;
  #warningCount = 0;
  #gtid: string | null = null;
  #stateChanged = false;
  #foundTraces = false;
  #inTransaction: boolean | null = null;
  #hasWritten = false;

  constructor(query: QueryText, sink: RowSink, settle: (error: Error | null, end?: StatementEnd) => void) {
    this.#query = query;
    this.#preludePending = query.prelude !== undefined;
    this.#sink = sink;
    this.#settle = settle;
  }

  /** mysql2 calls it with its own error when the connection breaks. */
  onResult(error: Error | null): void {
    this.#settle(new ConnectionLostError(error?.message ?? "the connection broke", this.#sent, error));
  }

  execute(packet: RawPacket | undefined, connection: RawConnection): boolean {
    if (packet === undefined) {
      this.#send(insideOf(connection));
      return false;
    }
    if (packet.buffer[packet.offset] === 0xff) {
      this.#settle(parseServerError(packet.buffer.subarray(packet.offset, packet.end)));
      if (this.#preludePending) connection.destroy();
      return true;
    }
    if (this.#preludePending) {
      this.#preludePending = false;
      // Trackers that a result set could not carry speak up in the next OK packet, which is this one.
      this.#takeOk(packet);
      this.#foundTraces = this.#stateChanged;
      this.#stateChanged = false;
      // The second answer counts its packets from the start again.
      insideOf(connection).sequenceId = this.#packetCount % 256;
      return false;
    }
    return this.#read(packet, connection);
  }

  #send(connection: ConnectionInside): void {
    this.#extendedMetadata = connection._mariadbExtendedMetadata === true;
    const flags = connection.config.clientFlags & (connection.serverCapabilityFlags ?? 0);
    const head = (flags & QUERY_ATTRIBUTES) === 0 ? [COM_QUERY] : [COM_QUERY, 0, 1];
    this.#sent = true;
    const { prelude, sql } = this.#query;
    const first = prelude === undefined ? [] : queryPackets(head, prelude);
    const packets = queryPackets(head, sql);
    this.#packetCount = packets.length;
    connection.write(Buffer.concat([...first, ...packets]));
    // The prelude's answer is the first one to come.
    connection.sequenceId = first.length > 0 ? 1 : packets.length % 256;
  }

  #readHeader(packet: RawPacket): boolean {
    const first = packet.buffer[packet.offset];
    if (first === 0) return this.#endResult(this.#takeOk(packet));
    if (first === 0xfb) throw new Error("the server asked for a local file, which is switched off");
    this.#columnCount = packetReader.length(packet);
    this.#columns = [];
    this.#read = (next) => this.#readColumn(next);
    return false;
  }

  #readColumn(packet: RawPacket): boolean {
    if (this.#columns === null || this.#columns.length === this.#columnCount) {
      // The EOF packet that ends the column definitions.
      this.#sink.begin(this.#columns ?? [], this.#foundTraces);
      this.#read = (next, on) => this.#readRow(next, on);
      return false;
    }
    this.#columns.push(readColumn(packet, this.#extendedMetadata));
    return false;
  }

  #readRow(packet: RawPacket, connection: RawConnection): boolean {
    const { buffer, offset, end } = packet;
    if (buffer[offset] === 0xfe && end - offset < 9) {
      this.#warningCount = buffer.readUInt16LE(offset + 1);
      const status = buffer.readUInt16LE(offset + 3);
      if ((status & STATUS.sessionStateChanged) !== 0) this.#stateChanged = true;
      return this.#endResult(status);
    }
    if (this.#sink.take(packet) === "more") return false;
    this.#settle(null, this.#end());
    connection.destroy();
    return true;
  }

  /** OK packet with session tracking (MySQL source documentation, "OK_Packet"). */
  #takeOk(packet: RawPacket): number {
    packet.offset += 1;
    this.#affectedRows = packetReader.length(packet);
    const insertId = packetReader.integerText(packet);
    this.#insertId = insertId === "0" ? null : insertId;
    const status = packetReader.u16(packet);
    this.#warningCount = packetReader.u16(packet);
    if ((status & STATUS.sessionStateChanged) !== 0 && packet.offset < packet.end) {
      packetReader.skipText(packet);
      this.#readStateChanges(packet);
    }
    return status;
  }

  #readStateChanges(packet: RawPacket): void {
    const end = packetReader.length(packet) + packet.offset;
    while (packet.offset < end) {
      const kind = packet.buffer[packet.offset++];
      const entryEnd = packetReader.length(packet) + packet.offset;
      if (kind === 0) {
        while (packet.offset < entryEnd) {
          const name = packetReader.text(packet);
          const value = packetReader.text(packet);
          if (name === "last_gtid" && value !== "") this.#gtid = value;
        }
      } else if (kind === 2) {
        if (packet.buffer[packet.offset] === 0x31) this.#stateChanged = true;
      } else if (kind === 3) {
        packet.offset += 1;
        const gtid = packetReader.text(packet);
        if (gtid !== "") this.#gtid = gtid;
      } else if (kind === 5) {
        // "T_R_W___": W and w are writes to tables with and without transactions
        this.#hasWritten = /w/i.test(packetReader.text(packet));
      }
      packet.offset = entryEnd;
    }
  }

  #endResult(status: number): boolean {
    if ((status & STATUS.moreResults) !== 0) {
      this.#read = (packet) => this.#readHeader(packet);
      return false;
    }
    this.#inTransaction = (status & STATUS.inTransaction) !== 0;
    this.#settle(null, this.#end());
    return true;
  }

  #end(): StatementEnd {
    return {
      columns: this.#columns,
      affectedRows: this.#affectedRows,
      insertId: this.#insertId,
      warningCount: this.#warningCount,
      gtid: this.#gtid,
      stateChanged: this.#stateChanged,
      foundTraces: this.#foundTraces,
      inTransaction: this.#inTransaction,
      hasWritten: this.#hasWritten,
    };
  }
}

/** The packets of one COM_QUERY. A part of the greatest length says that another one follows, be it empty. */
function queryPackets(head: readonly number[], sql: string): Buffer[] {
  const length = head.length + Buffer.byteLength(sql);
  if (length < PACKET_BYTES_MAX) {
    const whole = Buffer.allocUnsafe(4 + length);
    whole.writeUInt32LE(length, 0);
    whole.set(head, 4);
    whole.write(sql, 4 + head.length);
    return [whole];
  }
  const payload = Buffer.concat([Buffer.from(head), Buffer.from(sql)]);
  const packets: Buffer[] = [];
  for (let offset = 0; offset <= payload.length; offset += PACKET_BYTES_MAX) {
    const part = payload.subarray(offset, offset + PACKET_BYTES_MAX);
    const header = Buffer.allocUnsafe(4);
    header.writeUInt32LE(part.length + (packets.length % 256) * 2 ** 24, 0);
    packets.push(Buffer.concat([header, part]));
  }
  return packets;
}

function insideOf(connection: RawConnection): ConnectionInside {
  if (!hasInside(connection)) throw new Error("this mysql2 is not the version that was tried");
  return connection;
}

function hasInside(connection: object): connection is ConnectionInside {
  return "sequenceId" in connection && "write" in connection && "config" in connection;
}
