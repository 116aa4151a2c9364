import { isAbortOf, orAbort, systemClock } from "@understudy/kernel";
import { UnderstudyError, type Flavour } from "@understudy/protocol";
import { startClientProcess, type ClientProcess, type ClientProcessOptions } from "./client-process.ts";
import { DUMP_HEAD_BYTES_MAX, parseDumpHead, type DumpHead } from "./dump-head.ts";
import type { ServerSession } from "./server-session.ts";

/** A dump that has told where its snapshot was taken, and waits for its text to be read. */
export interface DumpRun extends AsyncDisposable {
  readonly head: DumpHead;
  readonly pid: number | undefined;
  /** The whole text, at the reader's pace. Throws `snapshot-failed` with the program's last words where it fails. */
  text(): AsyncGenerator<Buffer>;
}

/** How a dump is started. */
export interface DumpRunOptions extends ClientProcessOptions {
  readonly flavour: Flavour;
  /** To see what the program waits for. */
  readonly watcher: ServerSession;
  readonly signal: AbortSignal;
}

const WATCH_EVERY_MS = 1000;
/** A lock that is waited for holds up every write behind it, so it is given up soon. */
const LOCK_WAITS_MAX = 3;
const BEGIN_TIMEOUT_MS = 120_000;

/**
 * Starts a dump and waits until its snapshot is taken. Where it waits longer than 3 s for a statement of somebody else's to end, which
 * would make all writes wait, it is ended and `snapshot-failed` thrown.
 */
export async function startDump(options: DumpRunOptions): Promise<DumpRun> {
  const dump = await startClientProcess(options);
  try {
    const beginning = new DumpBeginning(dump, options.flavour);
    const head = await beginning.read(options);
    return {
      head,
      pid: dump.pid,
      text: () => beginning.text(),
      [Symbol.asyncDispose]: () => dump[Symbol.asyncDispose](),
    };
  } catch (error) {
    await dump[Symbol.asyncDispose]();
    throw error;
  }
}

class DumpBeginning {
  readonly #dump: ClientProcess;
  readonly #flavour: Flavour;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #held: Buffer[] = [];

  constructor(dump: ClientProcess, flavour: Flavour) {
    this.#dump = dump;
    this.#flavour = flavour;
    this.#chunks = dump.output[Symbol.asyncIterator]();
  }

  async read({ watcher, signal }: Pick<DumpRunOptions, "watcher" | "signal">): Promise<DumpHead> {
    const watch = new AbortController();
    const bounded = AbortSignal.any([watch.signal, signal]);
    const watching = this.#watchLocks(watcher, bounded).catch((error: unknown) => {
      if (!isAbortOf(error, bounded)) watch.abort(error);
    });
    try {
      return await orAbort(this.#readHead(), bounded);
    } finally {
      watch.abort(new DOMException("the dump has begun", "AbortError"));
      await watching;
    }
  }

  async *text(): AsyncGenerator<Buffer> {
    for (let chunk = this.#held.shift(); chunk; chunk = this.#held.shift()) yield chunk;
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      yield next.value;
    }
    await this.#dump.succeeded();
  }

  async #readHead(): Promise<DumpHead> {
    let text = "";
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) {
        await this.#dump.succeeded();
        throw this.#dump.failure("it ended without telling where its snapshot was taken");
      }
      this.#held.push(next.value);
      text += next.value.toString("latin1");
      const head = parseDumpHead(this.#flavour, text);
      if (head) return head;
      if (text.length > DUMP_HEAD_BYTES_MAX)
        throw this.#dump.failure("it does not tell where its snapshot was taken");
    }
  }

  /** Never resolves: rejects where a lock is waited for too long, or nothing comes at all. */
  async #watchLocks(watcher: ServerSession, signal: AbortSignal): Promise<never> {
    let waits = 0;
    for (let waitedMs = 0; waitedMs < BEGIN_TIMEOUT_MS; waitedMs += WATCH_EVERY_MS) {
      await systemClock.sleep(WATCH_EVERY_MS, signal);
      waits = (await isLockWaitedFor(watcher, signal)) ? waits + 1 : 0;
      if (waits >= LOCK_WAITS_MAX) {
        throw new UnderstudyError(
          "snapshot-failed",
          "a statement has been running for so long that no snapshot can begin without holding up every write; try again when it has ended",
        );
      }
    }
    throw new UnderstudyError(
      "snapshot-failed",
      `no snapshot could begin within ${BEGIN_TIMEOUT_MS / 1000} s`,
    );
  }
}

/** True while a session waits for all tables to be closed or for all writes to end. */
async function isLockWaitedFor(watcher: ServerSession, signal: AbortSignal): Promise<boolean> {
  const rows = await watcher.rows("SHOW FULL PROCESSLIST", signal);
  return rows.some(
    (row) => /^\s*FLUSH.*TABLES/i.test(String(row["Info"])) && /^Waiting for/i.test(String(row["State"])),
  );
}
