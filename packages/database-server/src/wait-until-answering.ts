import { readFile } from "node:fs/promises";
import { createConnection } from "mysql2/promise";
import { messageOf, systemClock } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";

/** What is needed to knock at a server. */
export interface Knock {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly errorLog: string;
}

const POLL_MS = 50;
const LOG_LINES_SHOWN = 5;

/** Resolves when the server takes a login over TCP; throws `database-unavailable` when its process ends or time runs out. */
export async function waitUntilAnswering(
  server: Knock,
  options: { readonly isGone: () => boolean; readonly timeoutMs: number },
): Promise<void> {
  const deadline = systemClock.monotonicMs() + options.timeoutMs;
  let lastError: unknown;
  while (systemClock.monotonicMs() < deadline) {
    if (options.isGone()) {
      throw new UnderstudyError(
        "database-unavailable",
        `the database server ended while starting; its log (${server.errorLog}) ends with: ${await lastLines(server.errorLog)}`,
      );
    }
    try {
      const connection = await createConnection({
        host: server.host,
        port: server.port,
        user: server.user,
        password: server.password,
        connectTimeout: 2_000,
      });
      connection.destroy();
      return;
    } catch (error) {
      lastError = error;
      await systemClock.sleep(POLL_MS);
    }
  }
  throw new UnderstudyError(
    "database-unavailable",
    `the database server did not answer within ${options.timeoutMs} ms: ${messageOf(lastError)}`,
  );
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
