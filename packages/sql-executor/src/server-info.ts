import type { Flavour } from "@understudy/protocol";

/** What a database server is. */
export interface ServerInfo {
  readonly flavour: Flavour;
  /** As the server says it: `9.7.4`, `10.11.14-MariaDB-0+deb12u2-log`. */
  readonly version: string;
  /** Comparable: major × 10,000 + minor × 100 + patch, e.g. 90704, 101114. */
  readonly versionNumber: number;
  readonly serverId: number;
  /** MySQL only. */
  readonly serverUuid: string | null;
}

/** The minimum of a session that {@link detectServer} needs. */
export interface ServerQuestions {
  rows(sql: string): Promise<Record<string, string | number | null>[]>;
}

/** Asks a server what it is. Throws `server-unsuitable` for MySQL before 8.0 and MariaDB before 10.6. */
export async function detectServer(_session: ServerQuestions): Promise<ServerInfo> {
  throw new Error("coming");
}
