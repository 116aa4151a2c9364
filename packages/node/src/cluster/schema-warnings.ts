import { BackgroundLoop, messageOf, type Clock, type Logger } from "@understudy/kernel";
import type { SqlExecutor } from "@understudy/sql-executor";

const INTERVAL_MS = 30_000;
const NAMED_MAX = 5;

/** Looks now and then for tables that replicate badly, so that `GET /cluster` can name them at no cost. */
export class SchemaWarnings implements AsyncDisposable {
  readonly #executor: SqlExecutor;
  readonly #loop: BackgroundLoop;
  #warnings: readonly string[] = [];

  constructor(executor: SqlExecutor, clock: Clock, logger: Logger) {
    this.#executor = executor;
    this.#loop = new BackgroundLoop(
      async (signal) => {
        for (;;) {
          try {
            this.#warnings = await this.#look();
          } catch (error) {
            signal.throwIfAborted();
            logger.debug({ event: "schema-warnings-failed" }, messageOf(error));
          }
          await clock.sleep(INTERVAL_MS, signal);
        }
      },
      (error) => logger.error({ event: "schema-warnings-ended" }, messageOf(error)),
    );
  }

  current(): readonly string[] {
    return this.#warnings;
  }

  async #look(): Promise<string[]> {
    const warnings: string[] = [];
    const keyless = await this.#executor.tablesWithoutPrimaryKey();
    if (keyless.length > 0) {
      warnings.push(
        `${namesOf(keyless)} ${keyless.length === 1 ? "has" : "have"} no primary key: slaves apply each changed row by a scan of the table`,
      );
    }
    const unsafe = await this.#executor.nonTransactionalTables();
    if (unsafe.length > 0) {
      warnings.push(
        `${namesOf(unsafe)} ${unsafe.length === 1 ? "uses" : "use"} an engine without transactions: a crash can leave it different on a slave`,
      );
    }
    return warnings;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}

function namesOf(tables: readonly { readonly database: string; readonly table: string }[]): string {
  const names = tables.slice(0, NAMED_MAX).map(({ database, table }) => `${database}.${table}`);
  const more = tables.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
