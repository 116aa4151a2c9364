import { BackgroundLoop, isAbortOf, messageOf, systemClock, toError, type Clock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { BinlogEvent } from "./binlog-event.ts";
import { createDumpCommand } from "./dump-command.ts";
import { DumpConnection, type DumpConnectionOptions } from "./dump-connection.ts";
import { classifyServerError, mayConcernPosition } from "./dump-error.ts";
import type { ServerError } from "./server-error.ts";
import { dumpPacket, dumpSessionStatements, type DumpRequest } from "./dump-request.ts";
import { EventInbox } from "./event-inbox.ts";
import { eventRole } from "./event-role.ts";
import type { ReadBinlogOptions } from "./read-binlog-options.ts";
import { isForeignMariadbPosition, readExecutedPosition, readPurgedPosition } from "./server-position.ts";

const HIGH_WATER_BYTES = 4 * 1024 * 1024;
/** How often in the allowed time of silence the socket is looked at. */
const WATCH_ROUNDS = 4;
const PACKET_HEADER_BYTES = 4;

/** A dump that is under way on a connection of its own. Opened by {@link openDump}. */
class Dump implements AsyncDisposable {
  readonly #options: ReadBinlogOptions;
  readonly #connectionOptions: DumpConnectionOptions;
  readonly #connection: DumpConnection;
  readonly #inbox: EventInbox;
  readonly #watch: BackgroundLoop;
  #refusal: ServerError | null = null;
  #hasTransactions = false;

  constructor(
    options: ReadBinlogOptions,
    connectionOptions: DumpConnectionOptions,
    connection: DumpConnection,
  ) {
    this.#options = options;
    this.#connectionOptions = connectionOptions;
    this.#connection = connection;
    this.#inbox = new EventInbox({
      highWaterBytes: options.highWaterBytes ?? HIGH_WATER_BYTES,
      onFull: () => connection.socket.pause(),
      onDrained: () => connection.socket.resume(),
    });
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#watch = new BackgroundLoop(
      (signal) => this.#watchForSilence(signal),
      // it only returns, or fails with what ends the dump
      (error) => this.#inbox.end(toError(error)),
    );
  }

  /** Sends the dump command. What comes is there for {@link take}. */
  start(request: DumpRequest): void {
    const send = (): void => {
      this.#connection.socket.resume();
      sendPacket(this.#connection, dumpPacket(request));
    };
    const command = createDumpCommand(send, {
      onEvent: (event) => this.#receive(event),
      onEnd: () => this.#inbox.end(request.untilEnd ? undefined : unavailable("the server ended the stream")),
      onServerError: (error) => {
        this.#refusal = error;
        this.#inbox.end();
      },
      onFailure: (error) => this.#inbox.end(toDumpError(error)),
    });
    this.#connection.connection.addCommand(command);
  }

  /** Everything that has arrived, as soon as something has; null at the end that was asked for. */
  async take(): Promise<readonly BinlogEvent[] | null> {
    const events = await this.#inbox.take();
    if (!events && this.#refusal) throw await this.#explain(this.#refusal);
    return events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#connection[Symbol.dispose]();
    this.#inbox.abandon();
    await this.#watch[Symbol.asyncDispose]();
  }

  readonly #onAbort = (): void => {
    this.#connection[Symbol.dispose]();
    this.#inbox.abandon(toError(this.#options.signal.reason));
  };

  #receive(event: BinlogEvent): void {
    this.#hasTransactions ||= eventRole(event) === "gtid";
    this.#inbox.put(event);
  }

  /** The server's number for a purged position has many other causes, so its own word on what it has decides. */
  async #explain(refusal: ServerError): Promise<UnderstudyError> {
    const plain = classifyServerError("the server ended the binlog", refusal);
    // what it refuses later concerns what was read since; the next reader will ask from there
    if (this.#hasTransactions || !mayConcernPosition(refusal.errno)) return plain;
    const { flavour, from, signal } = this.#options;
    try {
      using questions = await DumpConnection.open(this.#connectionOptions);
      const purged = await readPurgedPosition(questions, flavour);
      const executed = await readExecutedPosition(questions, flavour);
      const isForeign = flavour === "mariadb" && (await isForeignMariadbPosition(questions, from));
      let reason: string;
      if (!from.contains(purged)) reason = "the binlog after this position is purged";
      else if (isForeign || !executed.contains(from)) {
        reason = "the position holds transactions that the server does not have";
      } else return plain;
      return new UnderstudyError("snapshot-required", `${reason}: ${refusal.message}`, {
        details: { errno: refusal.errno, purged: purged.toString(), executed: executed.toString() },
        cause: plain,
      });
    } catch (error) {
      if (isAbortOf(error, signal)) throw error;
      return plain;
    }
  }

  /** Fails when nothing at all was received for too long, though we were listening. Bytes count: one event may take minutes. */
  async #watchForSilence(signal: AbortSignal): Promise<void> {
    const { clock, statementTimeoutMs: silenceMsMax } = this.#connectionOptions;
    let heardBytes = -1;
    let heardAtMs = clock.monotonicMs();
    for (;;) {
      const nowMs = clock.monotonicMs();
      const { bytesRead } = this.#connection.socket;
      if (bytesRead !== heardBytes || this.#inbox.isFull) {
        heardBytes = bytesRead;
        heardAtMs = nowMs;
      }
      if (nowMs - heardAtMs >= silenceMsMax) {
        throw unavailable(`the server was silent for ${silenceMsMax} ms, without even a heartbeat`);
      }
      await clock.sleep(silenceMsMax / WATCH_ROUNDS, signal);
    }
  }
}

/** Connects, prepares the session and starts the dump. Throws as `readBinlog` does. */
export async function openDump(options: ReadBinlogOptions, clock: Clock = systemClock): Promise<Dump> {
  const connectionOptions: DumpConnectionOptions = {
    connect: options.connect,
    signal: options.signal,
    clock,
    statementTimeoutMs: 3 * options.heartbeatMs + 5_000,
  };
  const request: DumpRequest = {
    from: options.from,
    readerServerId: options.readerServerId,
    heartbeatMs: options.heartbeatMs,
    untilEnd: options.untilEnd ?? false,
  };
  const connection = await DumpConnection.open(connectionOptions);
  try {
    for (const statement of dumpSessionStatements(request)) await connection.rows(statement);
    // from here on the dump listens for the abort itself
    options.signal.throwIfAborted();
    const dump = new Dump(options, connectionOptions, connection);
    dump.start(request);
    return dump;
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

/** Puts one packet on the wire past mysql2's own commands; its next packet is then expected to be number 1. */
function sendPacket({ connection }: DumpConnection, packet: Buffer): void {
  if (!isPacketWriter(connection)) {
    throw new UnderstudyError("internal", "this mysql2 writes packets in another way");
  }
  connection._resetSequenceId();
  connection.writePacket({
    buffer: packet,
    length: () => packet.length - PACKET_HEADER_BYTES,
    writeHeader: (sequenceId) => {
      packet.writeUIntLE(packet.length - PACKET_HEADER_BYTES, 0, 3);
      packet.writeUInt8(sequenceId, 3);
    },
  });
}

/** mysql2's undocumented way to write a packet (it is pinned for it). */
interface PacketWriter {
  _resetSequenceId(): void;
  writePacket(packet: {
    readonly buffer: Buffer;
    length(): number;
    writeHeader(sequenceId: number): void;
  }): void;
}

function isPacketWriter(connection: object): connection is PacketWriter {
  return (
    "writePacket" in connection &&
    typeof connection.writePacket === "function" &&
    "_resetSequenceId" in connection &&
    typeof connection._resetSequenceId === "function"
  );
}

function toDumpError(error: Error): Error {
  if (error instanceof UnderstudyError) return error;
  return unavailable(`the connection to the server broke: ${messageOf(error)}`, error);
}

function unavailable(message: string, cause?: Error): UnderstudyError {
  return new UnderstudyError("database-unavailable", message, cause ? { cause } : {});
}
