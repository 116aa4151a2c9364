import type { Socket } from "node:net";
import { readFile } from "node:fs/promises";
import { PortListener } from "./port-listener.ts";
import { processOfConnection } from "./process-of-connection.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

/** Who may come through a gate, and by which proxy. */
export interface PeerGateOptions {
  /** The gate's own, which somebody has reserved. */
  readonly port: number;
  readonly peers: readonly {
    /** Where the peer's process id stands. */ readonly pidFile: string;
    readonly proxy: TcpProxy;
  }[];
  /** For those that are none of the peers, and for all where processes can't be told apart. */
  readonly others: TcpProxy;
}

/**
 * The one address under which a node is known to all others, although each of them gets a way of its own to it: a connection goes
 * through the proxy of the process that it comes from. Listens from {@link accept} on.
 */
export class PeerGate implements AsyncDisposable {
  readonly #options: PeerGateOptions;
  readonly #listener: PortListener;

  constructor(options: PeerGateOptions) {
    this.#options = options;
    this.#listener = new PortListener({
      port: options.port,
      pauseOnConnect: true,
      onConnection: (client) => void this.#pass(client),
    });
  }

  get port(): number {
    return this.#options.port;
  }

  /** Listens, as the node behind it does while it runs. Throws where somebody else has taken the port meanwhile. */
  async accept(): Promise<void> {
    await this.#listener.accept();
  }

  /** Refuses connections, as the system does for a node that does not run. */
  refuse(): void {
    this.#listener.refuse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
  }

  async #pass(client: Socket): Promise<void> {
    // until a proxy listens to it; a reset then shows as a connection that is closed
    const ignore = (): void => undefined;
    client.on("error", ignore);
    const proxy = await this.#proxyFor(client.remotePort ?? 0);
    proxy.handOver(client);
  }

  async #proxyFor(clientPort: number): Promise<TcpProxy> {
    const { peers, port, others } = this.#options;
    const pids = await Promise.all(peers.map(({ pidFile }) => readPid(pidFile)));
    const pid = processOfConnection({ clientPort, serverPort: port, pids });
    return peers[pids.indexOf(pid ?? Number.NaN)]?.proxy ?? others;
  }
}

/** 0, which is nobody's, where there is none. */
async function readPid(path: string): Promise<number> {
  const text = await readFile(path, "utf8").catch(() => "");
  return Number.parseInt(text, 10) || 0;
}
