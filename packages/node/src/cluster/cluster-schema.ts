import type { SqlSession } from "@understudy/sql-executor";
import { randomBytes } from "node:crypto";

/** The tables of the schema `understudy`, by name. */
const TABLES: Readonly<Record<string, string>> = {
  cluster: `(id TINYINT NOT NULL PRIMARY KEY, cluster_id VARCHAR(64) NOT NULL, epoch BIGINT UNSIGNED NOT NULL,
     leader VARCHAR(64) NOT NULL)`,
  members: `(node_id VARCHAR(64) NOT NULL PRIMARY KEY, url VARCHAR(512) NOT NULL, server_version VARCHAR(128) NOT NULL,
     version VARCHAR(64) NOT NULL)`,
  epochs: `(epoch BIGINT UNSIGNED NOT NULL PRIMARY KEY, node_id VARCHAR(64) NOT NULL, start_gtid LONGTEXT NOT NULL,
     start_state LONGTEXT NOT NULL, began_at DATETIME(3) NOT NULL)`,
  heartbeat:
    "(id TINYINT NOT NULL PRIMARY KEY, epoch BIGINT UNSIGNED NOT NULL, beat_at DATETIME(6) NOT NULL)",
  secrets: "(name VARCHAR(64) NOT NULL PRIMARY KEY, secret VARBINARY(255) NOT NULL)",
  idempotency_keys: `(idempotency_key VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
     request_hash BINARY(32) NOT NULL, state VARCHAR(8) CHARACTER SET ascii NOT NULL, status SMALLINT UNSIGNED NOT NULL,
     answer LONGBLOB, node_id VARCHAR(64) NOT NULL, created_at BIGINT UNSIGNED NOT NULL, expires_at BIGINT UNSIGNED NOT NULL,
     mac BINARY(32) NOT NULL, KEY by_expiry (expires_at))`,
};

/** The secret under which the rows of `understudy.idempotency_keys` are sealed. */
export const IDEMPOTENCY_SECRET = "idempotency";

/**
 * Makes what the schema `understudy` lacks, in a new cluster or in one that an older version made, and writes nothing where it is
 * whole. Repeatable, since a crash may come between its statements.
 */
export async function ensureSchema(session: SqlSession): Promise<void> {
  const rows = await session.rows(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'understudy'",
  );
  const present = new Set(rows.map((row) => String(row["name"])));
  const missing = Object.entries(TABLES).filter(([name]) => !present.has(name));
  if (present.size === 0) {
    await session.run("CREATE DATABASE IF NOT EXISTS understudy CHARACTER SET utf8mb4");
  }
  for (const [name, columns] of missing) {
    await session.run(
      `CREATE TABLE IF NOT EXISTS understudy.${name} ${columns} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`,
    );
  }
  if ((await readSecret(session, IDEMPOTENCY_SECRET)) !== null) return;
  await session.run("INSERT INTO understudy.secrets (name, secret) VALUES (?, ?)", [
    IDEMPOTENCY_SECRET,
    randomBytes(32),
  ]);
}

/** A secret that all nodes of the cluster share; null where there is none yet. */
export async function readSecret(session: SqlSession, name: string): Promise<Uint8Array | null> {
  const [row] = await session.rows("SELECT secret FROM understudy.secrets WHERE name = ?", [name]);
  return row ? Buffer.from(String(row["secret"]), "base64") : null;
}
