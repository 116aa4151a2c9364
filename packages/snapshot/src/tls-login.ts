import type { Socket } from "node:net";
import { connect, checkServerIdentity } from "node:tls";
import { messageOf } from "@understudy/kernel";
import { databaseSslOptions, tlsFailureWords, type DatabaseTls } from "@understudy/tls";
import { PacketReader } from "./packet-reader.ts";

/** Which TLS, and by which name the server is called. */
export interface TlsLoginOptions {
  readonly tls: DatabaseTls;
  readonly host: string;
}

const HEAD_BYTES = 4;
const SEQUENCE = 3;
const ERROR_MARK = 0xff;
/** CLIENT_SSL is bit 11 of the capabilities: bit 3 of their second byte. */
const TLS_BIT = 0x08;
/** Capabilities, packet size, character set and filler: with what a login begins, and all of a request for TLS. */
const TLS_REQUEST_BYTES = 32;
const ERROR_NUMBER = 2026;

/**
 * Carries a program's login in plain to a server over TLS: takes the server's offer of TLS out of its greeting, asks for TLS itself,
 * and hands on the login, whose packets then count by one more on the server's side. Resolves, when the first command is about to
 * come, with the connection over which everything goes from then on, both sockets paused; null where there was no login, of which the
 * program has been told.
 *
 * See "Connection Phase" in MySQL's documentation of its protocol; MariaDB's is the same.
 */
export async function logInOverTls(
  program: Socket,
  plain: Socket,
  options: TlsLoginOptions,
): Promise<Socket | null> {
  const greeting = await readGreeting(plain);
  if (greeting === null) return null;
  if (greeting[HEAD_BYTES] === ERROR_MARK) return refuse(program, greeting);
  if (!offersTls(greeting)) {
    return refuse(program, errorPacket(0, "the database server offers no TLS, which ssl-mode asks for"));
  }
  const fromProgram = new PacketReader(program);
  program.write(withoutTls(greeting));
  const login = await fromProgram.next();
  if (login === null) return null;
  const flagged = withBit(login, HEAD_BYTES + 1, true);
  const request = Buffer.from(flagged.subarray(0, HEAD_BYTES + TLS_REQUEST_BYTES));
  request.writeUIntLE(TLS_REQUEST_BYTES, 0, 3);
  plain.write(request);
  let server: Socket;
  try {
    server = await secured(plain, options);
  } catch (error) {
    const words = tlsFailureWords(error) ?? `can't be spoken to by TLS: ${messageOf(error)}`;
    return refuse(program, errorPacket(2, `the database server ${words}`));
  }
  const fromServer = new PacketReader(server);
  server.write(shifted(flagged, 1));
  const answers = passOn(fromServer, (packet) => program.write(shifted(packet, -1)));
  // a command begins a new sequence
  const command = await passOn(fromProgram, (packet) => server.write(shifted(packet, 1)), isCommand);
  const early = fromServer.release();
  if (early.length > 0) server.unshift(early);
  await answers;
  const rest = fromProgram.release();
  if (command === null) {
    server.end();
    return null;
  }
  program.unshift(Buffer.concat([command, rest]));
  return server;
}

/** Hands on a server's greeting without its offer of TLS, so that what follows can be read. */
export async function passGreeting(program: Socket, server: Socket): Promise<void> {
  const greeting = await readGreeting(server);
  if (greeting !== null) program.write(withoutTls(greeting));
}

async function readGreeting(server: Socket): Promise<Buffer | null> {
  const reader = new PacketReader(server);
  const greeting = await reader.next();
  const rest = reader.release();
  if (rest.length > 0) server.unshift(rest);
  return greeting;
}

function withoutTls(greeting: Buffer): Buffer {
  return greeting[HEAD_BYTES] === ERROR_MARK
    ? greeting
    : withBit(greeting, capabilitiesAt(greeting) + 1, false);
}

function offersTls(greeting: Buffer): boolean {
  return ((greeting[capabilitiesAt(greeting) + 1] ?? 0) & TLS_BIT) !== 0;
}

function isCommand(packet: Buffer): boolean {
  return packet[SEQUENCE] === 0;
}

/** Hands packets on until one of them is `isLast`, which it resolves with; null where no more come. */
async function passOn(
  from: PacketReader,
  take: (packet: Buffer) => void,
  isLast: (packet: Buffer) => boolean = () => false,
): Promise<Buffer | null> {
  for (;;) {
    const packet = await from.next();
    if (packet === null || isLast(packet)) return packet;
    take(packet);
  }
}

/** Rejects where the server's certificate is not taken. */
async function secured(plain: Socket, { tls, host }: TlsLoginOptions): Promise<Socket> {
  const { ssl } = databaseSslOptions({ host, tls });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({
    ...ssl,
    socket: plain,
    // a name for those that choose their certificate by it; addresses are none
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    checkServerIdentity: (_name, certificate) =>
      ssl?.verifyIdentity === true ? checkServerIdentity(host, certificate) : undefined,
  });
  socket.once("secureConnect", () => resolve(socket));
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("it ended the connection")));
  plain.once("close", () => reject(new Error("it ended the connection")));
  return promise;
}

function refuse(program: Socket, packet: Buffer): null {
  program.end(packet);
  return null;
}

/** Behind the version of the protocol, that of the server (up to its NUL), the session's id, eight bytes of salt and a filler. */
function capabilitiesAt(greeting: Buffer): number {
  return greeting.indexOf(0, HEAD_BYTES + 1) + 1 + 4 + 8 + 1;
}

function withBit(packet: Buffer, at: number, isSet: boolean): Buffer {
  const changed = Buffer.from(packet);
  const byte = changed[at] ?? 0;
  changed[at] = isSet ? byte | TLS_BIT : byte & ~TLS_BIT;
  return changed;
}

function shifted(packet: Buffer, by: 1 | -1): Buffer {
  const changed = Buffer.from(packet);
  changed[SEQUENCE] = ((changed[SEQUENCE] ?? 0) + by) & 0xff;
  return changed;
}

function errorPacket(sequence: number, text: string): Buffer {
  const payload = Buffer.from(`...#HY000${text}`);
  payload[0] = ERROR_MARK;
  payload.writeUInt16LE(ERROR_NUMBER, 1);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntLE(payload.length, 0, 3);
  head[SEQUENCE] = sequence;
  return Buffer.concat([head, payload]);
}
