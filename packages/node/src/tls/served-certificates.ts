import { BackgroundLoop, messageOf, type Clock, type Logger } from "@understudy/kernel";
import type { SqlExecutor } from "@understudy/sql-executor";
import { connect, type SecureContextOptions } from "node:tls";
import type { NodeConfig } from "../config/node-config.ts";
import type { NodeTls } from "./node-tls.ts";

/** What {@link watchServedCertificates} needs. */
export interface ServedCertificatesOptions {
  readonly config: NodeConfig;
  readonly executor: Pick<SqlExecutor, "withAdmin">;
  readonly tls: NodeTls;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A certificate is renewed weeks before its end; an hour later is soon enough to see it. */
const LOOK_EVERY_MS = 3_600_000;
const HANDSHAKE_MS = 5000;

/**
 * Looks at once, and every hour, when the certificates end that the database server and etcd show to this node, and notes it in `tls`.
 * One that can't be asked is left as it was known: that it is away is told elsewhere.
 */
export function watchServedCertificates(options: ServedCertificatesOptions): AsyncDisposable {
  const { clock, logger } = options;
  return new BackgroundLoop(
    async (signal) => {
      for (;;) {
        await look(options, signal);
        await clock.sleep(LOOK_EVERY_MS, signal);
      }
    },
    (error) => logger.error({ event: "certificates-unwatched" }, messageOf(error)),
  );
}

async function look(
  { config, executor, tls, logger }: ServedCertificatesOptions,
  signal: AbortSignal,
): Promise<void> {
  const note = async (use: "database-server" | "etcd-server", find: () => Promise<number>): Promise<void> => {
    try {
      const untilMs = await find();
      if (Number.isFinite(untilMs)) tls.noteServed(use, untilMs);
    } catch (error) {
      signal.throwIfAborted();
      logger.debug({ event: "certificate-not-seen", use }, messageOf(error));
    }
  };
  if (tls.encryptsDatabase) await note("database-server", () => endOfDatabaseServer(executor));
  const urls = config.etcd.filter((url) => url.startsWith("https:"));
  if (urls.length === 0) return;
  // of its members, the one that ends first
  const find = async (): Promise<number> =>
    Math.min(...(await Promise.all(urls.map((url) => endOfServer(url, tls.etcdContext(), signal)))));
  await note("etcd-server", find);
}

/** As the server says of the session's own handshake, on both flavours. */
async function endOfDatabaseServer(executor: Pick<SqlExecutor, "withAdmin">): Promise<number> {
  const [row] = await executor.withAdmin((session) =>
    session.rows("SHOW SESSION STATUS LIKE 'Ssl_server_not_after'"),
  );
  return Date.parse(String(row?.["Value"] ?? ""));
}

/** Only looks: whether the certificate may be trusted is for those to say who speak to the server. */
async function endOfServer(url: string, context: SecureContextOptions, signal: AbortSignal): Promise<number> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const socket = connect({ ...context, host, port: Number(port || 443), rejectUnauthorized: false });
  const giveUp = (): void => void socket.destroy(new Error(`${url} shows no certificate in time`));
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
      socket.setTimeout(HANDSHAKE_MS, giveUp);
      socket.once("error", reject);
      socket.once("secureConnect", () => resolve(Date.parse(socket.getPeerCertificate().valid_to)));
    });
  } finally {
    signal.removeEventListener("abort", giveUp);
    socket.destroy();
  }
}
