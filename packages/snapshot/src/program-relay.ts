import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SnapshotEndpoint } from "./database-endpoint.ts";
import { DumpQueries } from "./dump-query.ts";
import type { InexactTables } from "./inexact-columns.ts";
import { logInOverTls, passGreeting } from "./tls-login.ts";

/** Between a dump or client program and its server. */
export interface ProgramRelay extends AsyncDisposable {
  /** Where the program connects instead. */
  readonly endpoint: SnapshotEndpoint;
}

const HEAD_BYTES = 4;
const COMMAND_INIT_DB = 0x02;
const COMMAND_QUERY = 0x03;
/** No attributes, one set of them: what stands before the SQL where both sides know query attributes. */
const NO_ATTRIBUTES = Buffer.from([0, 1]);

/**
 * Opens a Unix socket in a folder of its own (mode 700) whose connections lead to the server, for one program: over TLS where the
 * endpoint says so, since the two flavours' programs know different options for that and check different things. What a dump asks
 * is rewritten as {@link DumpQueries} says; left out, everything passes untouched, as answers do, at the pace of whoever reads them.
 */
export async function openProgramRelay(
  server: SnapshotEndpoint,
  inexactTables?: InexactTables,
): Promise<ProgramRelay> {
  const folder = await mkdtemp(join(tmpdir(), "understudy-relay-"));
  const socketPath = join(folder, "s");
  const sockets = new Set<Socket>();
  const listener = createServer((program) => {
    relay(program, server, { inexactTables, sockets }).catch(() => program.destroy());
  });
  try {
    await listening(listener, socketPath);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    endpoint: { socketPath, user: server.user, password: server.password },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function relay(
  program: Socket,
  endpoint: SnapshotEndpoint,
  {
    inexactTables,
    sockets,
  }: { readonly inexactTables: InexactTables | undefined; readonly sockets: Set<Socket> },
): Promise<void> {
  const { socketPath, host = "localhost", port = 3306, tls } = endpoint;
  const plain =
    socketPath === undefined ? connect({ host, port, noDelay: true }) : connect({ path: socketPath });
  endTogether(program, plain, sockets);
  if (!tls) await passGreeting(program, plain);
  const server = tls ? await logInOverTls(program, plain, { tls, host }) : plain;
  if (!server) return;
  if (server !== plain) endTogether(program, server, sockets);
  if (inexactTables) {
    const packets = new PacketCutter(new DumpQueries(inexactTables));
    program.on("data", (chunk) => {
      // the program's questions are small and each waits for its answer, so nothing piles up here
      for (const packet of packets.push(chunk)) server.write(packet);
    });
    program.resume();
  } else program.pipe(server);
  server.pipe(program);
}

/** The end of one is the end of the other. */
function endTogether(program: Socket, server: Socket, sockets: Set<Socket>): void {
  for (const [socket, other] of [
    [program, server],
    [server, program],
  ] as const) {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      // what was received before the end still has to reach the other side
      other.end();
    });
  }
}

/** Cuts what the program sends into packets, and rewrites those that are commands. */
export class PacketCutter {
  readonly #queries: DumpQueries;
  #held: Buffer = Buffer.alloc(0);

  constructor(queries: DumpQueries) {
    this.#queries = queries;
  }

  push(chunk: Buffer): Buffer[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const packets: Buffer[] = [];
    while (this.#held.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#held.readUIntLE(0, 3);
      if (this.#held.length < end) break;
      packets.push(this.#rewrite(this.#held.subarray(0, end)));
      this.#held = this.#held.subarray(end);
    }
    return packets;
  }

  /** A command begins a new sequence; everything else is part of the login. */
  #rewrite(packet: Buffer): Buffer {
    if (packet[3] !== 0) return packet;
    const payload = packet.subarray(HEAD_BYTES);
    if (payload[0] === COMMAND_INIT_DB) this.#queries.use(payload.toString("utf8", 1));
    if (payload[0] !== COMMAND_QUERY) return packet;
    const sqlStart = payload.subarray(1, 3).equals(NO_ATTRIBUTES) ? 3 : 1;
    const sql = payload.toString("utf8", sqlStart);
    const rewritten = this.#queries.rewrite(sql);
    if (rewritten === sql) return packet;
    const body = Buffer.concat([payload.subarray(0, sqlStart), Buffer.from(rewritten)]);
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUIntLE(body.length, 0, 3);
    return Buffer.concat([head, body]);
  }
}

async function listening(listener: Server, socketPath: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(socketPath, resolve);
  });
}
