import { BackgroundLoop, isCodedError, messageOf, type Clock, type Logger } from "@understudy/kernel";
import { errorCodeOf, UnderstudyError, type ErrorCode } from "@understudy/protocol";
import { BeforeCommitError } from "@understudy/sql-executor";
import type { Written } from "../run-plan.ts";
import { isForwardingKey } from "./idempotency-key.ts";
import { sealRow, type KeptRow, type SealedRow } from "./kept-row.ts";
import { insertStatement, type KeyStore } from "./key-store.ts";
import type { Keep, KeyedAttempt, KeyedOutcome, KeyedRequest } from "./keyed-request.ts";
import { purgeKeys } from "./purge-keys.ts";
import { mayGoUnkept, readKept, type Intent } from "./read-kept.ts";
import { RunningKeys } from "./running-keys.ts";
import type { StatementKind } from "./statement-kind.ts";

/** What {@link KeyedWrites} takes. */
export interface KeyedWritesOptions {
  readonly store: Pick<KeyStore, "find" | "add" | "replace" | "remove" | "purge">;
  /** The cluster's. */
  readonly secret: Uint8Array;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a client's key is kept. */
  readonly keepMs: number;
  /** What the server has committed by now, as text. */
  readonly executedGtid: () => Promise<string>;
}

/** How long a forwarding slave's key is kept; the slave sends again for a much shorter time. */
const FORWARDING_KEEP_MS = 15 * 60_000;
/** A larger answer is not kept. */
const ANSWER_BYTES_MAX = 1024 * 1024;
/** How often a write is tried while rows that do not count are in its way. */
const ATTEMPTS_MAX = 3;
const RESOLVE_WAITS_MS = [50, 200, 1000] as const;

/** They say themselves that the outcome is open, or that nothing was looked at. */
const NOT_LOOKED_UP: ReadonlySet<ErrorCode> = new Set([
  "write-uncertain",
  "database-unavailable",
  "overloaded",
]);
/** After these a statement surely never began. */
const NOT_BEGUN: ReadonlySet<ErrorCode> = new Set([
  "database-unavailable",
  "overloaded",
  "not-allowed",
  "invalid-request",
]);

/**
 * The writes of a master that come under an idempotency key: each takes effect once, and its answer is given again to every later
 * try, by any node, until its time is over. Lives as long as the role.
 */
export class KeyedWrites implements AsyncDisposable {
  readonly #options: KeyedWritesOptions;
  readonly #running = new RunningKeys();
  readonly #purge: BackgroundLoop;

  constructor(options: KeyedWritesOptions) {
    this.#options = options;
    const { store, clock, logger } = options;
    this.#purge = new BackgroundLoop(
      (signal) => purgeKeys({ store, clock, logger, signal }),
      (error) => logger.error({ event: "key-purge-ended" }, messageOf(error)),
    );
  }

  /**
   * Runs a write that keeps its answer in its own transaction. There is no look-up before it: where an earlier try is committed,
   * this one runs into its row, or into its effect, is rolled back, and the kept answer is given. Throws `idempotency-mismatch`,
   * `idempotency-unresolved`, `too-large` for an answer that can't be kept (nothing is written), and what `attempt` throws.
   */
  async run(request: KeyedRequest, attempt: KeyedAttempt): Promise<KeyedOutcome> {
    return await this.#running.run(request, async () => {
      for (let tries = 1; ; tries++) {
        try {
          return done(request, await attempt((answer) => this.#keep(request, answer)));
        } catch (error) {
          const known = await this.#lookAfter(request, error);
          if (known) return known;
          if (!isCollision(error) || tries >= ATTEMPTS_MAX) throw inWords(causeOf(error));
        }
      }
    });
  }

  /**
   * Runs a statement that commits by itself, between a row that says so and its answer in that row. Where the end of the statement
   * is not known, the first row stays, and later tries throw `idempotency-unresolved`. Throws as {@link run} does.
   */
  async runAlone(
    request: KeyedRequest,
    kind: StatementKind,
    attempt: () => Promise<Written>,
  ): Promise<KeyedOutcome> {
    return await this.#running.run(request, async () => {
      for (let tries = 1; tries <= ATTEMPTS_MAX; tries++) {
        const intent = this.#seal(request, "intent", { statement: kind } satisfies Intent);
        if (await this.#options.store.add(intent)) {
          return await this.#runAfter(intent, { request, kind, attempt });
        }
        const known = await this.#lookUp(request);
        if (known) return known;
      }
      throw new UnderstudyError("deadlock", "others write under this idempotency key; send it again");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#purge[Symbol.asyncDispose]();
  }

  async #runAfter(
    intent: SealedRow,
    {
      request,
      kind,
      attempt,
    }: {
      readonly request: KeyedRequest;
      readonly kind: StatementKind;
      readonly attempt: () => Promise<Written>;
    },
  ): Promise<KeyedOutcome> {
    let written: Written;
    try {
      written = await attempt();
    } catch (error) {
      await this.#noteFailure(intent, { request, kind, error });
      throw error;
    }
    const answer = keepable(request.key, written.answer);
    const gtid = await this.#resolve(intent, { state: "done", answer });
    // the later one, so that who has it can answer for this write
    return done(request, { ...written, gtid: gtid ?? written.gtid });
  }

  /** Takes the intent back where the statement did nothing for certain; else notes the error in it. Not at all costs: it may stay. */
  async #noteFailure(
    intent: SealedRow,
    {
      request,
      kind,
      error,
    }: { readonly request: KeyedRequest; readonly kind: StatementKind; readonly error: unknown },
  ): Promise<void> {
    const { store, secret, logger } = this.#options;
    const code = errorCodeOf(error);
    if (code === "write-uncertain" || code === "internal") return;
    try {
      if (kind !== "CALL" || (NOT_BEGUN.has(code) && !hasErrno(error))) return await store.remove(intent);
      const failure = `${code}: ${messageOf(error)}`;
      const answer = JSON.stringify({ statement: kind, failure } satisfies Intent);
      await store.replace(sealRow({ ...intent, answer }, secret), intent);
    } catch (failure) {
      logger.warn({ event: "key-intent-stays", key: request.key }, messageOf(failure));
    }
  }

  /** The statement is done, whatever comes of this: a try that comes later is told so where it works, and `unresolved` where not. */
  async #resolve(intent: SealedRow, end: Pick<KeptRow, "state" | "answer">): Promise<string | null> {
    const { store, secret, clock, logger } = this.#options;
    const row = sealRow({ ...intent, ...end }, secret);
    for (let tries = 0; ; tries++) {
      try {
        return await store.replace(row, intent);
      } catch (error) {
        const waitMs = RESOLVE_WAITS_MS[tries];
        if (waitMs === undefined) {
          logger.warn({ event: "key-intent-stays", key: row.key }, messageOf(error));
          return null;
        }
        await clock.sleep(waitMs);
      }
    }
  }

  /** What an error of a try means: perhaps only that an earlier one had done it all. */
  async #lookAfter(request: KeyedRequest, error: unknown): Promise<KeyedOutcome | null> {
    if (NOT_LOOKED_UP.has(errorCodeOf(causeOf(error)))) return null;
    return await this.#lookUp(request);
  }

  async #lookUp(request: KeyedRequest): Promise<KeyedOutcome | null> {
    const { store, secret, clock, executedGtid, logger } = this.#options;
    const row = await this.#find(request.key);
    if (!row) return null;
    const reading = readKept(row, request, { secret, nowMs: clock.nowMs() });
    if (reading.kind === "replay") return { ...reading.outcome, gtid: await executedGtid() };
    logger.info({ event: "key-row-dropped", key: request.key }, "a row that does not count was in the way");
    await store.remove(row);
    return null;
  }

  /** Throws `deadlock` where a transaction that writes this key does not end in time. */
  async #find(key: string): Promise<SealedRow | null> {
    try {
      return await this.#options.store.find(key, { settled: true });
    } catch (error) {
      if (errorCodeOf(error) !== "timeout") throw error;
      throw new UnderstudyError(
        "deadlock",
        "an earlier try of this write has not ended yet; send it again under the same key",
        { cause: error },
      );
    }
  }

  #keep(request: KeyedRequest, answer: object): ReturnType<Keep> {
    return insertStatement(this.#seal(request, "done", answer));
  }

  #seal(request: KeyedRequest, state: SealedRow["state"], content: object): SealedRow {
    const { clock, nodeId, secret, keepMs } = this.#options;
    const nowMs = Math.floor(clock.nowMs());
    const { key, hash, status } = request;
    return sealRow(
      {
        key,
        hash,
        state,
        status,
        answer: keepable(key, content),
        nodeId,
        createdMs: nowMs,
        expiresMs: nowMs + (isForwardingKey(key) ? FORWARDING_KEEP_MS : keepMs),
      },
      secret,
    );
  }
}

function done({ status }: KeyedRequest, written: Written): KeyedOutcome {
  return { ...written, status, isReplayed: false };
}

/** The answer as it is kept. Throws `too-large`. */
function keepable(key: string, answer: object): string | null {
  const text = JSON.stringify(answer);
  const bytes = Buffer.byteLength(text);
  if (bytes <= ANSWER_BYTES_MAX) return text;
  if (mayGoUnkept(key)) return null;
  throw new UnderstudyError(
    "too-large",
    `the answer has ${bytes} bytes, and ${ANSWER_BYTES_MAX} can be kept under an idempotency key; nothing was written. Read less within the write, or send it without a key`,
  );
}

function causeOf(error: unknown): unknown {
  return error instanceof BeforeCommitError ? error.cause : error;
}

/** Without a key one would have to look; with it, sending again is what to do. */
function inWords(error: unknown): unknown {
  if (!isCodedError(error, "write-uncertain")) return error;
  const { message, details } = error;
  return new UnderstudyError(
    "write-uncertain",
    `${message}. Send it again under the same idempotency key: it has one effect`,
    { details, cause: error },
  );
}

function isCollision(error: unknown): boolean {
  return error instanceof BeforeCommitError && errorCodeOf(error.cause) === "duplicate-key";
}

function hasErrno(error: unknown): boolean {
  return error instanceof UnderstudyError && error.details["errno"] !== undefined;
}
