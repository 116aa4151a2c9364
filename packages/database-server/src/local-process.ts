import { spawn, type ChildProcess } from "node:child_process";
import { open, writeFile } from "node:fs/promises";
import { systemClock } from "@understudy/kernel";
import { holdStill } from "./hold-still.ts";

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What is to be run. */
export interface ProcessLaunch {
  /** Its path. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** All of its variables: nothing is inherited. */
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** stdout and stderr are appended to it; where it is left out, nobody reads them. */
  readonly outputFile?: string;
  /** Gets the process id; left out where the program writes it itself. */
  readonly pidFile?: string;
  readonly workingDirectory?: string;
  /** Called when the process has ended, however it ended. */
  readonly onEnd?: () => void;
}

/** A program of this machine that is run again and again: at most one process of it at a time, which may be killed and held still. */
export abstract class LocalProcess implements AsyncDisposable {
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

  /** Makes all ready for one run, and says what it is: called before each start. One that rejects prevents it. */
  protected abstract prepare(): Promise<ProcessLaunch>;

  /** Resolves when the program serves its users; throws with its last words when it ends first or takes too long. */
  protected abstract untilUp(isGone: () => boolean): Promise<void>;

  /** Starts it and waits until it serves. Does nothing while it runs. Throws with its last words, and leaves nothing running then. */
  async start(): Promise<void> {
    if (this.isRunning) return;
    const isGone = await this.#launch(await this.prepare());
    try {
      await this.untilUp(isGone);
    } catch (error) {
      await this.killHard();
      throw error;
    }
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

  /** Stops it in order. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Returns whether that very process has ended. */
  async #launch(launch: ProcessLaunch): Promise<() => boolean> {
    await using output = launch.outputFile === undefined ? null : await open(launch.outputFile, "a");
    const child = spawn(launch.program, launch.arguments, {
      cwd: launch.workingDirectory,
      stdio: output ? ["ignore", output.fd, output.fd] : "ignore",
      // its own group, so that Ctrl-C in a terminal reaches us alone and we stop it in order
      detached: true,
      env: launch.environment,
    });
    const isGone = this.#take(child, launch.onEnd);
    if (launch.pidFile !== undefined && child.pid !== undefined) {
      await writeFile(launch.pidFile, `${child.pid}\n`);
    }
    return isGone;
  }

  #take(child: ChildProcess, onEnd: (() => void) | undefined): () => boolean {
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    this.#exited = promise;
    const end = (exit: ProcessExit): void => {
      if (this.#child === child) this.#child = null;
      onEnd?.();
      resolve(exit);
    };
    child.once("exit", (code, signal) => end({ code, signal }));
    child.once("error", () => end({ code: null, signal: null }));
    return () => this.#child !== child;
  }
}
