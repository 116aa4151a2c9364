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
  socket.once("error", (error) => resolve(isRefusal(error)));
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
    socket.destroy();
  }
}

/** True where nothing listens at any of the addresses that were tried: a name may have several. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isRefusal);
  return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
}
