// Does a database server of a version that people run fit? Its settings, and its binlog as our own reader sees it. For servers
// that the tests cannot start themselves: UNDERSTUDY_SMOKE_DATABASE_URL=mysql://root:…@127.0.0.1:3306 node scripts/smoke.ts
import { promisify } from "node:util";
import {
  checkServerForBinlog,
  groupTransactions,
  readBinlog,
  readExecutedPosition,
  type GtidPosition,
} from "../packages/binlog/src/index.ts";
import {
  invariant,
  messageOf,
  systemClock,
  systemRandom,
  retry,
  randomToken,
} from "../packages/kernel/src/index.ts";
import type { Flavour } from "../packages/protocol/src/index.ts";
import {
  connectRaw,
  detectServer,
  parseDatabaseUrl,
  type DatabaseEndpoint,
  type RawConnection,
} from "../packages/sql-executor/src/index.ts";

type Rows = Record<string, string | number | null>[];

const STARTUP_MS = 120_000;
const RUN_MS = 60_000;

class Session implements Disposable {
  readonly #connection: RawConnection;
  readonly #query: (sql: string) => Promise<unknown>;

  constructor(connection: RawConnection) {
    this.#connection = connection;
    this.#query = promisify((sql: string, done: (error: Error | null, rows: unknown) => void) =>
      connection.query(sql, done),
    );
  }

  async rows(sql: string): Promise<Rows> {
    return (await this.#query(sql)) as Rows;
  }

  [Symbol.dispose](): void {
    this.#connection.destroy();
  }
}

/** Waits for a server that is being started beside us; the first start of an image initialises its data folder. */
async function connectWhenUp(endpoint: DatabaseEndpoint): Promise<Session> {
  const stepMs = 1_000;
  const connection = await retry(() => connectRaw(endpoint, { timeoutMs: 5_000 }), {
    clock: systemClock,
    random: () => 1,
    baseMs: stepMs,
    maxMs: stepMs,
    attemptsMax: STARTUP_MS / stepMs,
    isRetryable: () => true,
  });
  return new Session(connection);
}

/** Writes what the reader must bring back: a schema change, rows of several types, and a transaction of more than one row. */
async function write(session: Session, database: string): Promise<void> {
  const table = `${database}.t`;
  for (const sql of [
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${table} (id INT PRIMARY KEY, text VARCHAR(40), at DATETIME(6), big BIGINT UNSIGNED)`,
    `INSERT INTO ${table} VALUES (1, 'naïve 表', NOW(6), 18446744073709551615)`,
    "START TRANSACTION",
    `INSERT INTO ${table} VALUES (2, NULL, NULL, NULL)`,
    `UPDATE ${table} SET text = UPPER(text) WHERE id = 1`,
    "COMMIT",
    `DROP DATABASE ${database}`,
  ]) {
    await session.rows(sql);
  }
}

/** The GTIDs of all transactions after `from`, whole ones only. */
async function readGtids(
  endpoint: DatabaseEndpoint,
  flavour: Flavour,
  from: GtidPosition,
): Promise<readonly string[]> {
  const events = readBinlog({
    connect: (signal) => connectRaw(endpoint, { timeoutMs: 5_000, signal }),
    flavour,
    from,
    readerServerId: 1_000_000 + Math.floor(systemRandom() * 1_000_000),
    heartbeatMs: 1_000,
    untilEnd: true,
    signal: AbortSignal.timeout(RUN_MS),
  });
  const begun: string[] = [];
  let ended = 0;
  for await (const parts of groupTransactions(flavour, events)) {
    for (const part of parts) {
      if (part.kind === "begin") begun.push(part.header.gtid);
      if (part.kind === "end") ended++;
    }
  }
  invariant(begun.length === ended, `${begun.length} transactions began, ${ended} ended`);
  return begun;
}

async function smoke(url: string): Promise<void> {
  const endpoint = parseDatabaseUrl(url);
  using session = await connectWhenUp(endpoint);
  const server = await detectServer(session);
  console.log(`${server.flavour} ${server.version}`);
  const { warnings } = await checkServerForBinlog(session);
  for (const warning of warnings) console.log(`warning: ${warning}`);

  const before = await readExecutedPosition(session, server.flavour);
  await write(session, `smoke_${randomToken(6).replaceAll("-", "_")}`);
  const after = await readExecutedPosition(session, server.flavour);
  const gtids = await readGtids(endpoint, server.flavour, before);
  // two schema changes, an insert, a transaction of two statements, and the drop
  invariant(
    gtids.length === 5,
    `5 transactions were written, the reader brought ${gtids.length}: ${gtids.join(", ")}`,
  );
  const reached = gtids.reduce((position, gtid) => position.withGtid(gtid), before);
  invariant(
    reached.equals(after),
    `the reader ends at ${reached.toString()}, the server at ${after.toString()}`,
  );
  console.log(
    `read ${gtids.length} transactions, from ${before.toString() || "the beginning"} to ${after.toString()}`,
  );
}

const url = process.env["UNDERSTUDY_SMOKE_DATABASE_URL"];
if (url === undefined) {
  console.error("UNDERSTUDY_SMOKE_DATABASE_URL is missing: mysql://user:password@host:port");
  process.exitCode = 1;
} else {
  try {
    await smoke(url);
  } catch (error) {
    console.error(`failed: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
