import { errnoOf } from "@understudy/binlog";
import type { Clock, Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { ACCOUNT_NAMES, allowKeeping, makeAccounts, newPassword, type AccountPlan } from "./accounts.ts";
import { accountOf, COMMON_ACCOUNTS, type ClientAccess } from "./client-access.ts";
import type { DatabaseEndpoint } from "./database-endpoint.ts";
import { DatabaseSession } from "./database-session.ts";
import { Deadlines } from "./deadlines.ts";
import { classifyDriverError } from "./driver-error.ts";
import { Lending } from "./lending.ts";
import { ConnectionLostError } from "./query-command.ts";
import { connectRaw } from "./raw-connection.ts";
import type { ServerInfo } from "./server-info.ts";
import { SessionPool } from "./session-pool.ts";
import { SESSION_PRELUDES, sessionSetUp, type SessionKind } from "./session-set-up.ts";
import type { ExecutorLimits, PoolSizes, TableName } from "./sql-executor.ts";

/** What {@link ExecutorSessions} are made of. */
export interface ExecutorSessionsOptions {
  readonly endpoint: DatabaseEndpoint;
  readonly server: ServerInfo;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly poolSizes: PoolSizes;
  readonly limits: ExecutorLimits;
}

/** The pools in which client SQL of one access runs. */
export type ClientPools = Readonly<Record<ClientPoolKind, SessionPool>>;
type ClientPoolKind = Extract<SessionKind, "reader" | "application" | "transaction">;

/** An account as this executor makes it. */
interface OwnAccount extends AccountPlan {
  readonly password: string;
  /** Settles when it is made; null where that was not tried yet, or failed. */
  making: Promise<void> | null;
}

/** Pools of confined accounts that are kept; the one that was asked for longest ago leaves first. */
const CONFINED_POOLS_MAX = 192;
/** Of the common pools' size each confined pool has this part. */
const CONFINED_SHARE = 1 / 4;
/** Connections for ending statements and making accounts; never lent, so that they can't be used up. */
const CONTROL_SESSIONS = 2;
/** For looks at schemas, which clients ask for: they must not take the connections of the node's own work. */
const INSPECTION_SESSIONS = 4;
const CONTROL_MS_MAX = 10_000;
const TRANSACTION_WAIT_MS_MAX = 500;
/** How long a killed session may take for its rollback before nobody waits for it any more, and how often that is looked at. */
const ROLLBACK_MS_MAX = 5_000;
const ROLLBACK_LOOK_MS = 10;

/** The connections of an executor: a pool for each use, the accounts they log in with, and who lends them. */
export class ExecutorSessions implements AsyncDisposable {
  readonly deadlines: Deadlines;
  readonly lending: Lending;
  readonly pools: Readonly<Record<SessionKind, SessionPool>>;
  readonly #options: ExecutorSessionsOptions;
  /** By name. */
  readonly #accounts = new Map<string, OwnAccount>();
  /** By kind and account. */
  readonly #confined = new Map<string, SessionPool>();
  readonly #keeping = new Map<string, TableName>();
  /** Tables of {@link #keeping} for which all accounts that are made have the right. */
  readonly #kept = new Set<string>();
  /** How often accounts were made. */
  #made = 0;
  #refreshing: Promise<void> | null = null;
  /** Settles when the last change of the accounts is done; never rejects. */
  #accountChange: Promise<void> = Promise.resolve();

  constructor(options: ExecutorSessionsOptions) {
    this.#options = options;
    const reader = this.#account(COMMON_ACCOUNTS.reader);
    const application = this.#account(COMMON_ACCOUNTS.application);
    this.pools = {
      reader: this.#createPool("reader", options.poolSizes.reader, reader),
      application: this.#createPool("application", options.poolSizes.application, application),
      transaction: this.#createPool("transaction", options.poolSizes.transaction, application),
      inspection: this.#createPool("inspection", INSPECTION_SESSIONS),
      admin: this.#createPool("admin", options.poolSizes.admin),
      control: this.#createPool("control", CONTROL_SESSIONS),
    };
    this.deadlines = new Deadlines(options.clock);
    this.lending = new Lending({
      deadlines: this.deadlines,
      logger: options.logger,
      killQuery: async (threadId) =>
        await this.control(async (session) => {
          // It may have ended by itself in the meantime.
          await session.run(`KILL QUERY ${threadId}`).catch(ignoreUnknownThread);
        }),
    });
  }

  /** The pools for SQL of this access; their accounts are made when they are first needed. */
  poolsOf(access: ClientAccess): ClientPools {
    const reader = accountOf(access, "reader");
    const application = accountOf(access, "application");
    return {
      reader: this.#poolOf("reader", reader),
      application: this.#poolOf("application", application),
      transaction: this.#poolOf("transaction", application),
    };
  }

  #poolOf(kind: ClientPoolKind, account: AccountPlan): SessionPool {
    if (account === COMMON_ACCOUNTS[account.account]) return this.pools[kind];
    const key = `${kind} ${account.name}`;
    const sizeMax = Math.ceil(this.#options.poolSizes[kind] * CONFINED_SHARE);
    const pool = this.#confined.get(key) ?? this.#createPool(kind, sizeMax, this.#account(account));
    this.#confined.delete(key);
    this.#confined.set(key, pool);
    if (this.#confined.size > CONFINED_POOLS_MAX) this.#dropOldestPool();
    return pool;
  }

  #dropOldestPool(): void {
    const [oldest] = this.#confined;
    if (!oldest) return;
    const [key, pool] = oldest;
    this.#confined.delete(key);
    // closing what lies idle and what is lent waits for nothing
    pool[Symbol.asyncDispose]().catch(() => undefined);
  }

  #account(plan: AccountPlan): OwnAccount {
    const known = this.#accounts.get(plan.name);
    if (known) return known;
    const account = { ...plan, password: newPassword(), making: null };
    this.#accounts.set(plan.name, account);
    return account;
  }

  /** A task of our own on a connection that client calls can't use up. */
  async control<T>(task: (session: DatabaseSession) => Promise<T>): Promise<T> {
    const pool = this.pools.control;
    for (let attempt = 0; ; attempt++) {
      const session = await pool.acquire();
      try {
        return await this.deadlines.bound(
          CONTROL_MS_MAX,
          () => session.destroy(),
          async () => {
            const result = await task(session);
            await session.clean();
            return result;
          },
        );
      } catch (error) {
        // What it did halfway, such as sql_log_bin=0, must not meet the next one.
        session.destroy();
        if (attempt > 0 || !(error instanceof ConnectionLostError) || error.sent)
          throw classifyDriverError(error);
        pool.dropIdle();
      } finally {
        pool.release(session);
      }
    }
  }

  /** Ends a session on the server and waits until it is gone, and with it its locks. */
  async endSession(threadId: number): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + ROLLBACK_MS_MAX;
    await this.control(async (session) => {
      await session.run(`KILL CONNECTION ${threadId}`).catch(ignoreUnknownThread);
    });
    while (clock.monotonicMs() < untilMs) {
      const sessions = await this.control(listSessions);
      if (!sessions.some(({ id }) => id === threadId)) return;
      await clock.sleep(ROLLBACK_LOOK_MS);
    }
  }

  /** Ends the sessions of all application accounts on the server. */
  async endApplicationSessions(): Promise<void> {
    // those that lie idle end by themselves then, mostly before the server is asked which there are
    this.#dropIdleApplications();
    await this.control(async (session) => {
      for (const { id, user } of await listSessions(session)) {
        if (user !== ACCOUNT_NAMES.application && !user.startsWith(`${ACCOUNT_NAMES.application}_`)) continue;
        // One that ended by itself in the meantime is what we want.
        await session.run(`KILL CONNECTION ${id}`).catch(ignoreUnknownThread);
      }
    });
    this.#dropIdleApplications();
  }

  #dropIdleApplications(): void {
    this.pools.application.dropIdle();
    this.pools.transaction.dropIdle();
    for (const pool of this.#confined.values()) pool.dropIdle();
  }

  /** Makes all accounts anew under the passwords of this executor; calls at the same time share one try. */
  async refreshAccounts(): Promise<void> {
    this.#refreshing ??= this.#make([...this.#accounts.values()]).finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  async #make(accounts: readonly OwnAccount[]): Promise<void> {
    // where such a table is not there, they don't get the right to it
    this.#made++;
    this.#kept.clear();
    await this.#changeAccounts(async (session) => {
      const { server } = this.#options;
      await makeAccounts(session, { server, accounts, keeping: [...this.#keeping.values()] });
    });
  }

  /** Those of every node are there from the start. */
  async #makeConfined(account: OwnAccount): Promise<void> {
    if (account.name === COMMON_ACCOUNTS[account.account].name) return;
    account.making ??= this.#make([account]).catch((error: unknown) => {
      account.making = null;
      throw error;
    });
    await account.making;
  }

  /** As `SqlExecutor.allowKeeping`. */
  async allowKeeping(table: TableName): Promise<void> {
    const name = `${table.database}.${table.table}`;
    this.#keeping.set(name, table);
    if (this.#kept.has(name)) return;
    const made = this.#made;
    try {
      await this.#changeAccounts(async (session) => {
        // those that were not made yet get it with the rest
        const accounts = [...this.#accounts.values()].filter(
          ({ name, account, making }) => name === COMMON_ACCOUNTS[account].name || making !== null,
        );
        await allowKeeping(session, { server: this.#options.server, accounts, table });
      });
    } catch (error) {
      if (!isUnknownAccount(error)) throw error;
      // the server has lost its data since they were made
      await this.refreshAccounts();
      return;
    }
    if (made === this.#made) this.#kept.add(name);
  }

  /** One after the other: each looks whether the server is locked, and locks it again afterwards. */
  async #changeAccounts(change: (session: DatabaseSession) => Promise<void>): Promise<void> {
    const before = this.#accountChange;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#accountChange = promise;
    await before;
    try {
      await this.control(async (session) => {
        session.markForReset();
        await change(session);
      });
    } finally {
      resolve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...Object.values(this.pools), ...this.#confined.values()];
    for (const pool of pools) await pool[Symbol.asyncDispose]();
    await this.lending[Symbol.asyncDispose]();
    await this.deadlines[Symbol.asyncDispose]();
  }

  #createPool(kind: SessionKind, sizeMax: number, account: OwnAccount | null = null): SessionPool {
    const { queueMax } = this.#options.limits;
    const waitMs = this.#options.limits.acquireTimeoutMs;
    const { clock } = this.#options;
    return new SessionPool({
      name: kind,
      sizeMax,
      queueMax,
      // Transactions stay open at their client's pleasure: waiting for one to end is mostly in vain.
      acquireTimeoutMs: kind === "transaction" ? Math.min(waitMs, TRANSACTION_WAIT_MS_MAX) : waitMs,
      clock,
      open: async () => await this.#open(kind, account),
    });
  }

  async #open(kind: SessionKind, account: OwnAccount | null): Promise<DatabaseSession> {
    if (account) await this.#makeConfined(account);
    try {
      return await this.#connect(kind, account);
    } catch (error) {
      if (!account || !(error instanceof UnderstudyError) || error.code !== "forbidden") throw error;
      // The server was rebuilt from somebody else's copy: our accounts are gone or have another password.
      await this.refreshAccounts();
      return await this.#connect(kind, account);
    }
  }

  async #connect(kind: SessionKind, account: OwnAccount | null): Promise<DatabaseSession> {
    const { endpoint, limits, server } = this.#options;
    const login = account ? { user: account.name, password: account.password } : {};
    const raw = await connectRaw({ ...endpoint, ...login }, { timeoutMs: limits.connectTimeoutMs });
    const session = new DatabaseSession(raw, sessionSetUp(kind, server.flavour), SESSION_PRELUDES[kind]);
    try {
      await this.deadlines.bound(
        limits.connectTimeoutMs,
        () => session.destroy(),
        async () => await session.setUp(),
      );
    } catch (error) {
      session.destroy();
      throw classifyDriverError(error);
    }
    return session;
  }
}

async function listSessions(session: DatabaseSession): Promise<{ id: number; user: string }[]> {
  const limits = { shape: "objects", rowsMax: 100_000, bytesMax: 1 << 26 } as const;
  const { rows } = await session.run("SHOW PROCESSLIST", limits);
  return rows.flatMap((row) =>
    Array.isArray(row) ? [] : [{ id: Number(row["Id"]), user: String(row["User"]) }],
  );
}

function ignoreUnknownThread(error: unknown): void {
  if (errnoOf(error) !== 1094) throw error;
}

/** ER_PASSWORD_NO_MATCH of MariaDB, ER_CANT_CREATE_USER_WITH_GRANT of MySQL: a grant to an account that is not there. */
const UNKNOWN_ACCOUNT: ReadonlySet<number | undefined> = new Set([1133, 1410]);

function isUnknownAccount(error: unknown): boolean {
  return UNKNOWN_ACCOUNT.has(errnoOf(error));
}
