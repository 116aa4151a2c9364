import { retry, type Clock, type Random } from "@understudy/kernel";
import { mayRepeatTransaction } from "./retry-rules.ts";
import type { Transaction, TransactionRunOptions } from "./transaction.ts";

const RETRIES = 5;
const BACKOFF = { baseMs: 20, maxMs: 1_000 } as const;

/** What {@link runInTransaction} takes. */
export interface TransactionRun {
  readonly begin: () => Promise<Transaction>;
  readonly options: TransactionRunOptions;
  readonly clock: Clock;
  readonly random: Random;
}

/** @see WriteCalls.inTransaction */
export function runInTransaction<T>(
  task: (transaction: Transaction) => Promise<T>,
  { begin, options, clock, random }: TransactionRun,
): Promise<T> {
  const { retries = RETRIES, signal } = options;
  return retry(
    async () => {
      await using transaction = await begin();
      const result = await task(transaction);
      if (!transaction.hasEnded) await transaction.commit();
      return result;
    },
    {
      ...BACKOFF,
      clock,
      random,
      ...(signal ? { signal } : {}),
      attemptsMax: retries + 1,
      isRetryable: mayRepeatTransaction,
    },
  );
}
