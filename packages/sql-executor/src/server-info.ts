import { versionNumberOf, type ServerQuestions } from "@understudy/binlog";
import { UnderstudyError, type Flavour } from "@understudy/protocol";

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

const OLDEST: Record<Flavour, { readonly number: number; readonly text: string }> = {
  mysql: { number: 80_000, text: "MySQL 8.0" },
  mariadb: { number: 100_600, text: "MariaDB 10.6" },
};

/** Asks a server what it is. Throws `server-unsuitable` for MySQL before 8.0 and MariaDB before 10.6. */
export async function detectServer(session: ServerQuestions): Promise<ServerInfo> {
  const [row] = await session.rows(
    "SELECT VERSION() AS version, @@version_comment AS comment, @@server_id AS server_id",
  );
  const version = String(row?.["version"] ?? "");
  const flavour: Flavour = /mariadb/i.test(`${version} ${row?.["comment"] ?? ""}`) ? "mariadb" : "mysql";
  const versionNumber = versionNumberOf(version);
  if (versionNumber < OLDEST[flavour].number) {
    throw new UnderstudyError(
      "server-unsuitable",
      `the database server says it is version "${version}"; at least ${OLDEST[flavour].text} is needed`,
    );
  }
  const [identity] = flavour === "mysql" ? await session.rows("SELECT @@server_uuid AS server_uuid") : [];
  return {
    flavour,
    version,
    versionNumber,
    serverId: Number(row?.["server_id"]),
    serverUuid: identity === undefined ? null : String(identity["server_uuid"]),
  };
}
