import { isUnderstudyError, UnderstudyError } from "@understudy/protocol";
import type { SqlRow, SqlSession } from "@understudy/sql-executor";
import { randomBytes } from "node:crypto";
import { VERSION } from "../version.ts";
import { isMissing } from "./is-missing.ts";

/**
 * Format of the schema `understudy`. It grows by one with a change that a release without it would misunderstand; a further table, or a
 * column that may be left out, needs none. The table `format` itself stays as it is for ever.
 */
export const SCHEMA_FORMAT = 1;

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
  format: "(id TINYINT NOT NULL PRIMARY KEY, format INT UNSIGNED NOT NULL)",
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
 * whole. Repeatable, since a crash may come between its statements. Resolves with the secret under which idempotency keys are sealed.
 */
export async function ensureSchema(session: SqlSession): Promise<Uint8Array> {
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
  if ((await readFormat(session)) < SCHEMA_FORMAT) {
    await session.run(
      "INSERT INTO understudy.format (id, format) VALUES (1, ?) ON DUPLICATE KEY UPDATE format = ?",
      [SCHEMA_FORMAT, SCHEMA_FORMAT],
    );
  }
  const known = await readSecret(session, IDEMPOTENCY_SECRET);
  if (known) return known;
  const secret = randomBytes(32);
  await session.run("INSERT INTO understudy.secrets (name, secret) VALUES (?, ?)", [
    IDEMPOTENCY_SECRET,
    secret,
  ]);
  return secret;
}

/** What a schema that is whole says at once. */
export interface WholeSchema {
  /** The row of `understudy.cluster`; null where there is none. */
  readonly cluster: SqlRow | null;
  readonly secret: Uint8Array;
}

/**
 * Asks by one question for all that a master begins from. Null where the schema lacks something, or is of another format: then the parts
 * have to be looked at one by one.
 */
export async function readWholeSchema(session: SqlSession): Promise<WholeSchema | null> {
  const isThere = Object.keys(TABLES).map(
    (name) => `NOT EXISTS (SELECT 1 FROM understudy.${name} WHERE FALSE)`,
  );
  let row: SqlRow | undefined;
  try {
    [row] = await session.rows(
      `SELECT c.cluster_id, c.epoch, c.leader, (SELECT format FROM understudy.format WHERE id = 1) AS format,
         (SELECT secret FROM understudy.secrets WHERE name = ?) AS secret
       FROM (SELECT 1) AS always LEFT JOIN understudy.cluster AS c ON c.id = 1 WHERE ${isThere.join(" AND ")}`,
      [IDEMPOTENCY_SECRET],
    );
  } catch (error) {
    // a newer release's tables may be without these columns
    if (isMissing(error) || isUnderstudyError(error, "unknown-column")) return null;
    throw error;
  }
  if (Number(row?.["format"]) !== SCHEMA_FORMAT || row?.["secret"] === null) return null;
  const secret = Buffer.from(String(row?.["secret"]), "base64");
  return { cluster: row?.["cluster_id"] === null ? null : (row ?? null), secret };
}

/** Throws `version-mismatch` where a newer release has made this database's schema into what this one might misunderstand. */
export async function checkSchemaFormat(session: SqlSession): Promise<void> {
  const format = await readFormat(session);
  if (format <= SCHEMA_FORMAT) return;
  throw new UnderstudyError(
    "version-mismatch",
    `the schema understudy of this node's database is of format ${format}, and this release of Understudy (${VERSION}) knows none above ${SCHEMA_FORMAT}: upgrade this node`,
  );
}

/** 0 where an older release made the schema, or none has. */
async function readFormat(session: SqlSession): Promise<number> {
  try {
    const [row] = await session.rows("SELECT format FROM understudy.format WHERE id = 1");
    return row ? Number(row["format"]) : 0;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

/** A secret that all nodes of the cluster share; null where there is none yet. */
export async function readSecret(session: SqlSession, name: string): Promise<Uint8Array | null> {
  const [row] = await session.rows("SELECT secret FROM understudy.secrets WHERE name = ?", [name]);
  return row ? Buffer.from(String(row["secret"]), "base64") : null;
}
