import { connect } from "node:net";

const CONNECT_MS = 500;

/**
 * True where the address actively refuses a connection: nothing listens there. False where it accepts, and where nothing is heard, since
 * a host that is cut off or frozen may still be at work.
 */
export async function refusesConnections(url: string, signal: AbortSignal): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port: Number(port || (protocol === "https:" ? 443 : 80)) });
  const giveUp = (): void => resolve(false);
  socket.setTimeout(CONNECT_MS, giveUp);
  socket.once("connect", giveUp);
  socket.once("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
    socket.destroy();
  }
}
