import type { DatabaseServer } from "@understudy/database-server";
import type { Flavour } from "@understudy/protocol";
import type { Replica } from "./replica.ts";
import { SqlSession } from "./sql-session.ts";

/** The words of a flavour for its own replication. */
interface NativeWords {
  readonly connect: string;
  /** Settings for a number of workers. */
  readonly workers: (count: number) => string;
  readonly start: string;
  readonly stop: string;
}

const WORDS: Readonly<Record<Flavour, NativeWords>> = {
  mysql: {
    connect: `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ?, SOURCE_USER = 'root',
      SOURCE_PASSWORD = ?, SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
    workers: (count) =>
      `SET GLOBAL replica_parallel_workers = ${count}; SET GLOBAL replica_preserve_commit_order = ON`,
    start: "START REPLICA",
    stop: "STOP REPLICA",
  },
  mariadb: {
    connect: `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ?, MASTER_USER = 'root',
      MASTER_PASSWORD = ?, MASTER_USE_GTID = slave_pos`,
    // 0 is how MariaDB says "one": the SQL thread applies by itself, without a pool of one thread beside it
    workers: (count) =>
      `SET GLOBAL slave_parallel_threads = ${count === 1 ? 0 : count}; SET GLOBAL slave_parallel_mode = 'optimistic'`,
    start: "START SLAVE",
    stop: "STOP SLAVE",
  },
};

/** The server's own replication, with GTIDs and a binlog of the replica's own. */
export class NativeReplica implements Replica {
  readonly name: string;
  readonly workers: number;
  readonly database: DatabaseServer;

  private constructor(database: DatabaseServer, workers: number) {
    this.database = database;
    this.workers = workers;
    this.name = workers === 1 ? "native, 1 worker" : `native, ${workers} workers`;
  }

  /** Points a new, empty server at the source; it does not replicate yet. */
  static async open(
    database: DatabaseServer,
    options: { readonly source: DatabaseServer; readonly workers: number },
  ): Promise<NativeReplica> {
    const { source, workers } = options;
    const words = WORDS[database.flavour];
    await using session = await SqlSession.open(database);
    await session.run(words.connect, [source.port, source.password]);
    await session.run(words.workers(workers));
    return new NativeReplica(database, workers);
  }

  get pids(): readonly (number | null)[] {
    return [this.database.pid];
  }

  async start(): Promise<void> {
    await this.#say(WORDS[this.database.flavour].start);
  }

  async stop(): Promise<void> {
    await this.#say(WORDS[this.database.flavour].stop);
  }

  async rest(): Promise<void> {
    await this.stop();
  }

  async #say(sql: string): Promise<void> {
    await using session = await SqlSession.open(this.database);
    await session.run(sql);
  }
}
