import type { ReplaySession } from "@understudy/applier";

const TABLE = "understudy.quarantine_applied";

/** What is known of a transaction that was applied before; `started`: a statement that commits by itself began, and its end is not known. */
export type AppliedState = "started" | "done";

/**
 * Which errant transactions the cluster's data already has: kept in the data itself, in the very transaction that applies one, so that
 * it is right after any crash, and on each later master.
 */
export class AppliedMarks {
  readonly #session: ReplaySession;
  readonly #digest: string;

  /** `digest` is the entry's. */
  constructor(session: ReplaySession, digest: string) {
    this.#session = session;
    this.#digest = digest;
  }

  /** Makes the table where it is missing. */
  async ensure(): Promise<void> {
    const found = await this.#session.ask(
      "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA='understudy' AND TABLE_NAME='quarantine_applied'",
    );
    if (found.length > 0) return;
    await this.#session.ask("CREATE DATABASE IF NOT EXISTS understudy CHARACTER SET utf8mb4");
    await this.#session.ask(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (digest CHAR(64) CHARACTER SET ascii NOT NULL, gtid VARCHAR(100) CHARACTER SET ascii NOT NULL,
         state VARCHAR(8) CHARACTER SET ascii NOT NULL, applied_at DATETIME(3) NOT NULL, PRIMARY KEY (digest, gtid))
       ENGINE=InnoDB`,
    );
  }

  /** Null where it was never applied. */
  async read(gtid: string): Promise<AppliedState | null> {
    const [row] = await this.#session.ask(`SELECT state FROM ${TABLE} WHERE ${this.#of(gtid)}`);
    if (!row) return null;
    return row[0] === "done" ? "done" : "started";
  }

  async write(gtid: string, state: AppliedState): Promise<void> {
    await this.#session.ask(
      `REPLACE INTO ${TABLE} (digest, gtid, state, applied_at) VALUES ('${this.#digest}', '${gtid}', '${state}', UTC_TIMESTAMP(3))`,
    );
  }

  async remove(gtid: string): Promise<void> {
    await this.#session.ask(`DELETE FROM ${TABLE} WHERE ${this.#of(gtid)}`);
  }

  #of(gtid: string): string {
    return `digest = '${this.#digest}' AND gtid = '${gtid}'`;
  }
}
