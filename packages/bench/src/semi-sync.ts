import { createPool, type Pool } from "mysql2/promise";
import { messageOf, systemClock } from "@understudy/kernel";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import type { NativeReplica } from "./native-replica.ts";
import { startAndCatchUp } from "./server-position.ts";
import { SqlSession } from "./sql-session.ts";
import type { Statement } from "./statement-load.ts";
import type { Testbed } from "./testbed.ts";

/** A flavour's words for semi-synchronous replication: a commit is confirmed when a replica has written it into its relay log. */
interface SemiSyncWords {
  /** Null where it is built in. */
  readonly load: { readonly source: string; readonly replica: string } | null;
  readonly source: string;
  readonly replica: string;
  /** Names of its status variables begin so. */
  readonly status: string;
}

const WORDS: Readonly<Record<Flavour, SemiSyncWords>> = {
  mysql: {
    load: {
      source: "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'",
      replica: "INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'",
    },
    source: "rpl_semi_sync_source",
    replica: "rpl_semi_sync_replica",
    status: "Rpl_semi_sync_source",
  },
  mariadb: {
    load: null,
    source: "rpl_semi_sync_master",
    replica: "rpl_semi_sync_slave",
    status: "Rpl_semi_sync_master",
  },
};

/** Longer than any measurement: a source that gives up waiting would be measured as asynchronous. */
const ACK_TIMEOUT_MS = 60_000;
/** Everything that earlier suites have written may still wait for it. */
const SYNC_TIMEOUT_MS = 180_000;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 20;
const CONNECTIONS_MAX = 64;
const STATEMENT_TIMEOUT_MS = 30_000;

/** The server's own semi-synchronous replication to one native replica, off at first. Disposal switches it off. */
export class SemiSync implements AsyncDisposable {
  readonly #bed: Testbed;
  readonly #replica: NativeReplica;
  readonly #words: SemiSyncWords;
  readonly #pool: Pool;

  private constructor(bed: Testbed, replica: NativeReplica) {
    this.#bed = bed;
    this.#replica = replica;
    this.#words = WORDS[bed.flavour];
    this.#pool = createPool({
      uri: bed.source.url,
      connectionLimit: CONNECTIONS_MAX,
      connectTimeout: 10_000,
    });
  }

  /** Makes it ready; a reason where the servers do not come with it. */
  static async open(bed: Testbed): Promise<SemiSync | string> {
    const [replica] = bed.natives;
    if (!replica) return "there is no native replica";
    const { load } = WORDS[bed.flavour];
    try {
      if (load) {
        await bed.session.run(load.source);
        await using session = await SqlSession.open(replica.database);
        await session.run(load.replica);
      }
    } catch (error) {
      return messageOf(error);
    }
    return new SemiSync(bed, replica);
  }

  /** Switches it on and resolves when commits wait for the replica. */
  async begin(signal: AbortSignal): Promise<void> {
    const { source, replica, status } = this.#words;
    await using session = await SqlSession.open(this.#replica.database);
    await session.run(`SET GLOBAL ${replica}_enabled = ON`);
    await startAndCatchUp(this.#bed, this.#replica, { timeoutMs: SYNC_TIMEOUT_MS, signal });
    await this.#bed.session.run(`SET GLOBAL ${source}_timeout = ${ACK_TIMEOUT_MS}`);
    await this.#bed.session.run(`SET GLOBAL ${source}_enabled = ON`);
    const deadlineMs = systemClock.monotonicMs() + READY_TIMEOUT_MS;
    while (
      (await this.#status(`${status}_clients`)) !== "1" ||
      (await this.#status(`${status}_status`)) !== "ON"
    ) {
      if (systemClock.monotonicMs() > deadlineMs) {
        throw new UnderstudyError("timeout", "semi-synchronous replication was not on in time");
      }
      await systemClock.sleep(READY_POLL_MS, signal);
    }
  }

  /** One statement, confirmed when the replica has it. */
  async write({ sql, params }: Statement): Promise<void> {
    await this.#pool.query({ sql, values: [...params], timeout: STATEMENT_TIMEOUT_MS });
  }

  /** Switches it off, if it is on; tells how many commits since the server's start did not wait. */
  async end(): Promise<number> {
    const { source, replica, status } = this.#words;
    const unacked = Number(await this.#status(`${status}_no_tx`));
    await this.#bed.session.run(`SET GLOBAL ${source}_enabled = OFF`);
    await using session = await SqlSession.open(this.#replica.database);
    await this.#replica.stop();
    await session.run(`SET GLOBAL ${replica}_enabled = OFF`);
    return unacked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.#pool.end();
  }

  async #status(name: string): Promise<string> {
    const [row] = await this.#bed.session.rows("SHOW GLOBAL STATUS LIKE ?", [name]);
    return String(row?.["Value"]);
  }
}
