import {
  BackgroundLoop,
  ChangeSignal,
  messageOf,
  sleepOrWake,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";

/** A change is seen so late at most, also where the file system tells of none. */
const LOOK_EVERY_MS = 2000;

/** What {@link WatchedFile} needs. */
export interface WatchedFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the file; called one at a time, often without any change. Must not reject. */
  readonly look: () => Promise<void>;
}

/** Has a file looked at whenever its folder changes, and every two seconds: files that are replaced by a link's move tell of it nowhere else. */
export class WatchedFile implements AsyncDisposable {
  readonly #loop: BackgroundLoop;
  readonly #watcher: FSWatcher | null;

  constructor({ path, clock, logger, look }: WatchedFileOptions) {
    const hint = new ChangeSignal();
    this.#watcher = watchFolder(dirname(path), () => hint.notify());
    this.#loop = new BackgroundLoop(
      async (signal) => {
        for (;;) {
          const woken = hint.next();
          await look();
          await sleepOrWake({ clock, ms: LOOK_EVERY_MS, woken, signal });
        }
      },
      (error) => logger.error({ event: "file-watch-ended", path }, messageOf(error)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.close();
    await this.#loop[Symbol.asyncDispose]();
  }
}

/** Null where the system can't: then the file is only looked at now and then. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | null {
  try {
    return watch(folder, { persistent: false }, onChange).on("error", () => undefined);
  } catch {
    return null;
  }
}
