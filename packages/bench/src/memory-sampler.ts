import { readFile } from "node:fs/promises";
import { BackgroundLoop, systemClock } from "@understudy/kernel";

/** Whose memory is sampled; a process that does not run (yet) is left out. */
export interface SampledProcess {
  readonly name: string;
  readonly pid: () => number | null;
}

const SAMPLE_MS = 100;

/** Samples the resident memory of processes (Linux: from /proc) every 100 ms until its disposal. */
export class MemorySampler implements AsyncDisposable {
  readonly #processes: readonly SampledProcess[];
  readonly #peaks = new Map<string, number>();
  readonly #loop: BackgroundLoop;

  constructor(processes: readonly SampledProcess[]) {
    this.#processes = processes;
    this.#loop = new BackgroundLoop(
      (signal) => this.#run(signal),
      // where nothing can be read there are no figures, and the table shows none
      () => undefined,
    );
  }

  /** The highest values so far by process, in MiB. */
  peaks(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#peaks);
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const { name, pid } of this.#processes) {
        const mebibytes = await residentMebibytesOf(pid());
        if (mebibytes !== null && mebibytes > (this.#peaks.get(name) ?? 0)) this.#peaks.set(name, mebibytes);
      }
      await systemClock.sleep(SAMPLE_MS, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}

/** Null where the process is gone or the system tells nothing. */
async function residentMebibytesOf(pid: number | null): Promise<number | null> {
  if (pid === null) return null;
  try {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) / 1024;
  } catch {
    return null;
  }
}
