import type { DatabaseServer } from "@understudy/database-server";
import type { TestAccount } from "@understudy/database-server/test-session";
import type { SnapshotEndpoint } from "../src/index.ts";

/** The server as the package takes it. */
export function endpointOf(
  server: DatabaseServer,
  { user, password }: TestAccount = server,
): SnapshotEndpoint {
  return { socketPath: server.socketPath, user, password };
}
