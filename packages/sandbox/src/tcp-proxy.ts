import { connect, type Socket } from "node:net";
import { reservePort, type PortReservation } from "@understudy/database-server";
import { ChangeSignal, systemClock, systemRandom, type Clock, type Random } from "@understudy/kernel";
import { HOST, PortListener } from "./port-listener.ts";
import { ProxiedConnection, type Direction } from "./proxied-connection.ts";

/** Options of {@link openTcpProxy}. */
export interface TcpProxyOptions {
  /** Where connections are passed on to. Nothing needs to listen there yet. */
  readonly target: { readonly host: string; readonly port: number };
  /** Its own port on 127.0.0.1, which somebody has reserved; one that is reserved until disposal where it is left out. */
  readonly port?: number;
  /** False where somebody else listens on that port and hands connections over. Default true. */
  readonly listens?: boolean;
  /** Open connections at most; further ones are reset. Default 1,000. */
  readonly connectionsMax?: number;
  /** Chooses the victims of {@link TcpProxy.cutOne}. */
  readonly random?: Random;
  readonly clock?: Clock;
}

/** What a proxy has seen since it was opened. */
export interface TcpProxyCounts {
  readonly accepted: number;
  /** Connections that a fault of its own has ended. */
  readonly cut: number;
  readonly bytesToTarget: number;
  readonly bytesToClient: number;
}

const CONNECTIONS_MAX = 1_000;

/**
 * Passes TCP connections on to another address, byte for byte and with back-pressure, and breaks them when it is told to.
 * Faults hold for all of its connections. Disposal resets what is open and stops listening.
 */
export class TcpProxy implements AsyncDisposable {
  readonly host = HOST;
  /** Stays the same over {@link refuse} and {@link accept}. */
  readonly port: number;
  readonly #listener: PortListener | null;
  readonly #options: TcpProxyOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #reservation: PortReservation | null;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #thawed = new ChangeSignal();
  readonly #frozen = new Set<Direction>();
  readonly #allowance: Record<Direction, number | null> = { toTarget: null, toClient: null };
  readonly #bytes: Record<Direction, number> = { toTarget: 0, toClient: 0 };
  #isRefusing = false;
  #delayMs = 0;
  #accepted = 0;
  #cut = 0;

  /** Use {@link openTcpProxy}. */
  constructor(
    options: TcpProxyOptions,
    place: { readonly port: number; readonly reservation: PortReservation | null },
  ) {
    this.#options = options;
    this.port = place.port;
    this.#reservation = place.reservation;
    const onConnection = (client: Socket): void => this.#take(client);
    this.#listener = options.listens === false ? null : new PortListener({ port: place.port, onConnection });
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size;
  }

  get counts(): TcpProxyCounts {
    return {
      accepted: this.#accepted,
      cut: this.#cut,
      bytesToTarget: this.#bytes.toTarget,
      bytesToClient: this.#bytes.toClient,
    };
  }

  /** Resets every open connection on both sides, and says how many. */
  cutAll(): number {
    const cut = this.#connections.size;
    for (const connection of this.#connections) this.#cutNow(connection);
    return cut;
  }

  /** Resets one open connection by chance; false where there is none. */
  cutOne(): boolean {
    const open = [...this.#connections];
    const victim = open[Math.floor(this.#random() * open.length)];
    if (victim) this.#cutNow(victim);
    return victim !== undefined;
  }

  /**
   * Lets `bytes` more pass in one direction, counted over all connections, and resets the connection that would carry the next one;
   * once. With 0 bytes to the client a request gets through and its answer does not.
   */
  cutAfter(bytes: number, direction: Direction): void {
    this.#allowance[direction] = bytes;
  }

  /** Takes back a {@link cutAfter} that has not happened yet. */
  cancelCut(): void {
    this.#allowance.toTarget = null;
    this.#allowance.toClient = null;
  }

  /** Stops listening: new connections are refused (those that are handed over: reset), open ones go on. */
  refuse(): void {
    this.#isRefusing = true;
    this.#listener?.refuse();
  }

  /** Listens, again on its own port. Throws where somebody else has taken that meanwhile. */
  async accept(): Promise<void> {
    await this.#listener?.accept();
    this.#isRefusing = false;
  }

  /** Takes a connection that somebody else has accepted for it. */
  handOver(client: Socket): void {
    if (this.#isRefusing) reject(client);
    else this.#take(client);
  }

  /** Holds bytes back, in one direction or both: connections stay open and say nothing, as with a network that drops packets. */
  freeze(direction?: Direction): void {
    if (direction !== "toClient") this.#frozen.add("toTarget");
    if (direction !== "toTarget") this.#frozen.add("toClient");
  }

  /** Ends every {@link freeze}; what was held back goes on. */
  thaw(): void {
    this.#frozen.clear();
    this.#thawed.notify();
  }

  /** Holds each piece of at most 64 KiB back for so long, in both directions; 0 ends it. Bounds the throughput, too. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    const open = [...this.#connections];
    for (const connection of open) connection.reset();
    await Promise.all(open.map((connection) => connection.ended));
    await this.#reservation?.[Symbol.asyncDispose]();
  }

  #cutNow(connection: ProxiedConnection): void {
    this.#cut++;
    connection.reset();
  }

  #take(client: Socket): void {
    if (this.#connections.size >= (this.#options.connectionsMax ?? CONNECTIONS_MAX)) {
      reject(client);
      return;
    }
    this.#accepted++;
    const { host, port } = this.#options.target;
    const target = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const connection = new ProxiedConnection(client, target, {
      pass: (chunk, direction, signal) => this.#pass(chunk, direction, signal),
      onCut: () => this.#cut++,
      onEnd: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  /** Waits until a piece may go on, and says how many of its bytes may. */
  async #pass(chunk: Buffer, direction: Direction, signal: AbortSignal): Promise<number> {
    if (this.#delayMs > 0) await this.#clock.sleep(this.#delayMs, signal);
    await this.#thawed.until(() => !this.#frozen.has(direction), signal);
    const allowance = this.#allowance[direction];
    const passing = Math.min(chunk.length, allowance ?? chunk.length);
    if (allowance !== null) this.#allowance[direction] = passing < chunk.length ? null : allowance - passing;
    this.#bytes[direction] += passing;
    return passing;
  }
}

function reject(client: Socket): void {
  client.on("error", () => undefined);
  client.resetAndDestroy();
}

/** Opens a proxy and resolves when it listens. */
export async function openTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  await using stack = new AsyncDisposableStack();
  const reservation = options.port === undefined ? stack.use(await reservePort()) : null;
  const proxy = new TcpProxy(options, { port: options.port ?? reservation?.port ?? 0, reservation });
  await proxy.accept();
  stack.move();
  return proxy;
}
