import { readFile } from "node:fs/promises";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { expect } from "vitest";
import type { Flavour } from "@understudy/protocol";
import { checksumsOf } from "../src/checksums.ts";
import { POSITION_VARIABLES } from "../src/server-position.ts";
import { sql, type Checksums, type ClusterNode } from "../src/index.ts";

const ERROR_LEVEL = 50;

interface Whole {
  readonly checksums: Checksums;
  readonly schemas: readonly string[];
  readonly accounts: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Holds a node and its database server against what they were: after a bad request nothing may have been written, the node
 * has to answer still, and its log may not speak of a defect.
 */
export class Unharmed implements AsyncDisposable {
  readonly #node: ClusterNode;
  readonly #flavour: Flavour;
  readonly #connection: Connection;
  #position = "";
  #whole: Whole | null = null;

  private constructor(node: ClusterNode, flavour: Flavour, connection: Connection) {
    this.#node = node;
    this.#flavour = flavour;
    this.#connection = connection;
  }

  /** Watches from now on. */
  static async open(node: ClusterNode, flavour: Flavour): Promise<Unharmed> {
    const watch = new Unharmed(node, flavour, await sql(node));
    await watch.accept();
    watch.#whole = await watch.#readWhole();
    return watch;
  }

  /** Takes what a rightful write has changed as the new state of the binlog. */
  async accept(): Promise<void> {
    this.#position = await this.#readPosition();
  }

  /** Quick, for after each request: nothing new in the binlog, and the node answers as well as its database. */
  async expectNothingWritten(): Promise<void> {
    const before = this.#position;
    // what one test did is not held against the next
    await this.accept();
    expect(this.#position, "position of the database server").toBe(before);
    expect((await this.#node.get("/health/ready")).status, "GET /health/ready").toBe(200);
  }

  /** For the end: data, definitions, schemas, accounts and settings of the server are what they were; no defect in the log. */
  async expectUnharmed(): Promise<void> {
    expect(await this.#readWhole()).toEqual(this.#whole);
    expect(await errorsInLog(this.#node)).toEqual([]);
  }

  async #readPosition(): Promise<string> {
    const [row] = await this.#rows(`SELECT @@GLOBAL.${POSITION_VARIABLES[this.#flavour]} AS position`);
    return String(row?.["position"]);
  }

  async #readWhole(): Promise<Whole> {
    const schemas = await this.#rows(
      "SELECT schema_name AS name FROM information_schema.schemata ORDER BY 1",
    );
    const accounts = await this.#rows("SELECT CONCAT(user, '@', host) AS name FROM mysql.user ORDER BY 1");
    const variables = await this.#rows("SHOW GLOBAL VARIABLES");
    return {
      checksums: await checksumsOf(this.#node),
      schemas: schemas.map(({ name }) => String(name)),
      accounts: accounts.map(({ name }) => String(name)),
      variables: Object.fromEntries(
        variables
          .map((row) => [String(row["Variable_name"]), String(row["Value"])] as const)
          // where the server is and what it counts; what may be written is held against the tables
          .filter(([name]) => !/^(gtid_|timestamp$|innodb_buffer_pool_load)/.test(name)),
      ),
    };
  }

  async #rows(query: string): Promise<RowDataPacket[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>(query);
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.end();
  }
}

/** The lines of a node's log that tell of an error (level 50 and above). */
export async function errorsInLog(node: ClusterNode): Promise<readonly string[]> {
  const lines = (await readFile(node.logFile, "utf8")).split("\n");
  return lines.filter((line) => {
    const level = /^\{"level":(\d+)/.exec(line)?.[1];
    // what is no log line at all was written by a crash
    return level === undefined ? line.trim() !== "" : Number(level) >= ERROR_LEVEL;
  });
}
