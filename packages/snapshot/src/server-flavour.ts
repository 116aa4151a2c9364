import type { Flavour } from "@understudy/protocol";
import type { SnapshotEndpoint } from "./database-endpoint.ts";
import { ServerSession } from "./server-session.ts";

/** Asks a server of which flavour it is. Throws `database-unavailable` or `forbidden` where it can't be asked. */
export async function askFlavour(endpoint: SnapshotEndpoint, signal: AbortSignal): Promise<Flavour> {
  using session = await ServerSession.open(endpoint, signal);
  const told = await session.value("SELECT CONCAT(VERSION(), ' ', @@version_comment)");
  return /mariadb/i.test(told) ? "mariadb" : "mysql";
}
