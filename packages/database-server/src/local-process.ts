import type { ChildProcess } from "node:child_process";
import { systemClock } from "@understudy/kernel";
import { holdStill } from "./hold-still.ts";

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program of this machine that is run again and again: at most one process of it at a time, which may be killed and held still. */
export class LocalProcess {
  readonly #stopTimeoutMs: number;
  #child: ChildProcess | null = null;
  #exited: Promise<ProcessExit> = Promise.resolve({ code: null, signal: null });

  constructor(options: {
    /** An orderly stop that takes longer ends in a kill. */ readonly stopTimeoutMs: number;
  }) {
    this.#stopTimeoutMs = options.stopTimeoutMs;
  }

  /** Process id; null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Settles when the running process ends, however it ends. Take it again after each start. */
  get exited(): Promise<ProcessExit> {
    return this.#exited;
  }

  /** Takes a process that was spawned just now. Legal while none runs. Returns whether that very process has ended. */
  take(child: ChildProcess): () => boolean {
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    this.#exited = promise;
    const onEnd = (exit: ProcessExit): void => {
      if (this.#child === child) this.#child = null;
      resolve(exit);
    };
    child.once("exit", (code, signal) => onEnd({ code, signal }));
    child.once("error", () => onEnd({ code: null, signal: null }));
    return () => this.#child !== child;
  }

  /** Asks it to stop (SIGTERM), also where it is held still; kills it when that takes too long. Null where it did not run. */
  async stop(): Promise<ProcessExit | null> {
    const child = this.#child;
    if (!child) return null;
    child.kill("SIGCONT");
    child.kill("SIGTERM");
    const deadline = new AbortController();
    await Promise.race([
      this.#exited,
      systemClock.sleep(this.#stopTimeoutMs, deadline.signal).catch(() => undefined),
    ]);
    deadline.abort();
    child.kill("SIGKILL");
    return this.#exited;
  }

  /** `kill -9`; resolves when the process is gone. */
  async killHard(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** SIGSTOP: it holds still, but its connections stay open. Resolves when every thread of it has stopped. */
  async freeze(): Promise<void> {
    if (this.pid !== null) await holdStill(this.pid);
  }

  /** Ends a {@link freeze}. */
  thaw(): void {
    this.#child?.kill("SIGCONT");
  }
}
