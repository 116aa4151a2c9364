import { readFile } from "node:fs/promises";
import { createConnection } from "mysql2/promise";
import { waitUntilUp } from "./wait-until-up.ts";

/** What is needed to knock at a server. */
export interface Knock {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly errorLog: string;
}

const LOG_LINES_SHOWN = 5;
const CONNECT_TIMEOUT_MS = 2_000;

/** Resolves when the server takes a login over TCP; throws `database-unavailable` when its process ends or time runs out. */
export async function waitUntilAnswering(
  server: Knock,
  options: { readonly isGone: () => boolean; readonly timeoutMs: number },
): Promise<void> {
  await waitUntilUp({
    name: "the database server",
    code: "database-unavailable",
    probe: async () => {
      const { host, port, user, password } = server;
      const connection = await createConnection({
        host,
        port,
        user,
        password,
        connectTimeout: CONNECT_TIMEOUT_MS,
      });
      connection.destroy();
      return null;
    },
    lastWords: async () => `its log (${server.errorLog}) ends with: ${await lastLines(server.errorLog)}`,
    ...options,
  });
}

async function lastLines(path: string): Promise<string> {
  try {
    const lines = (await readFile(path, "utf8")).trim().split("\n");
    const errors = lines.filter((line) => /\[ERROR\]/.test(line));
    return (errors.length > 0 ? errors : lines).slice(-LOG_LINES_SHOWN).join(" | ");
  } catch {
    return "(no log)";
  }
}
