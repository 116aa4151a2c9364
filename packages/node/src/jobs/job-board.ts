import { messageOf, type Clock } from "@understudy/kernel";
import { UnderstudyError, type Job, type JobStep } from "@understudy/protocol";
import { isSameSentence } from "./same-sentence.ts";

/** Jobs that are remembered after their end. */
const KEPT_MAX = 50;

/** A job that has ended. */
export interface EndedJob {
  readonly kind: Job["kind"];
  readonly result: "done" | "failed";
  /** Why it failed; null where it is done. */
  readonly error: string | null;
  readonly tookMs: number;
}

/** How a job tells of itself while it runs. */
export interface JobProgress {
  /** Runs one step of it; its failure is the job's. */
  step<T>(name: string, task: (tell: (detail: string) => void) => Promise<T>): Promise<T>;
  /** Aborts when someone cancels the job; never for one that was begun without `isCancellable`. */
  readonly cancelled: AbortSignal;
  /** From here on the job can't be cancelled. Throws the reason where it was. */
  passNoReturn(): void;
}

/** The long work of a node, one at a time but for what runs aside, and what became of it. In memory only. */
export class JobBoard {
  readonly #nodeId: string;
  readonly #clock: Clock;
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Set<Promise<void>>();
  /** The last of those that stand in each other's way. */
  #inTheWay: Promise<void> = Promise.resolve();
  /** Of the running ones those that stand in no other's way. */
  readonly #aside = new Set<string>();
  /** Of the jobs that can be cancelled still. */
  readonly #cancels = new Map<string, AbortController>();
  readonly #onEnd: ((ended: EndedJob) => void) | undefined;
  #lastNumber = 0;

  constructor(nodeId: string, clock: Clock, onEnd?: (ended: EndedJob) => void) {
    this.#nodeId = nodeId;
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** The latest first. */
  list(): Job[] {
    return [...this.#jobs.values()].toReversed();
  }

  /** Throws `not-found`. */
  get(id: string): Job {
    const job = this.#jobs.get(id);
    if (job) return job;
    throw new UnderstudyError("not-found", `this node knows of no job ${JSON.stringify(id)}`);
  }

  /**
   * Has a job end where it is, without its effect, and answers with it at once; one that has ended is left as it is. Throws
   * `not-found`, and `not-cancellable` for one that must go on.
   */
  cancel(id: string): Job {
    const job = this.get(id);
    if (job.state !== "running") return job;
    const cancel = this.#cancels.get(id);
    if (!cancel) {
      throw new UnderstudyError("not-cancellable", `${job.kind} ${id} has to go on to its end`);
    }
    cancel.abort(new DOMException("it was cancelled", "AbortError"));
    return job;
  }

  /** Begins a job, and answers with it at once. `isCancellable`: it heeds `cancelled`. Throws `job-running`. */
  begin(
    kind: Job["kind"],
    run: (progress: JobProgress) => Promise<void>,
    { isCancellable = false }: { readonly isCancellable?: boolean } = {},
  ): Job {
    const other = this.list().find(({ id, state }) => state === "running" && !this.#aside.has(id));
    if (other) {
      throw new UnderstudyError("job-running", `${other.kind} ${other.id} is under way`, {
        details: { job: other.id },
      });
    }
    const job = this.#create(kind);
    const cancel = new AbortController();
    if (isCancellable) this.#cancels.set(job.id, cancel);
    // its failure is told by the job itself
    const running = this.#run(job, cancel.signal, run).catch(() => undefined);
    this.#inTheWay = running;
    this.#hold(running);
    return job;
  }

  /**
   * Runs a job that stands in no other's way, and in whose way none stands; it can be cancelled, and must heed that. Resolves and rejects
   * as it does.
   */
  async runAside(kind: Job["kind"], run: (progress: JobProgress) => Promise<void>): Promise<void> {
    const job = this.#create(kind);
    const cancel = new AbortController();
    this.#cancels.set(job.id, cancel);
    this.#aside.add(job.id);
    const running = this.#run(job, cancel.signal, run).finally(() => this.#aside.delete(job.id));
    this.#hold(running.catch(() => undefined));
    await running;
  }

  #create(kind: Job["kind"]): Job {
    const startedMs = this.#clock.nowMs();
    this.#lastNumber += 1;
    const job: Job = {
      // the time tells apart what ran before a restart
      id: `${this.#nodeId}:${startedMs.toString(36)}-${this.#lastNumber}`,
      kind,
      nodeId: this.#nodeId,
      state: "running",
      startedAt: new Date(startedMs).toISOString(),
      endedAt: null,
      steps: [],
      error: null,
    };
    this.#remember(job);
    return job;
  }

  #hold(running: Promise<void>): void {
    const held = running.finally(() => this.#running.delete(held));
    this.#running.add(held);
  }

  /** Resolves when a job can begin. */
  async free(): Promise<void> {
    await this.#inTheWay;
  }

  /** Resolves when nothing runs any more. */
  async done(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #run(job: Job, cancelled: AbortSignal, run: (progress: JobProgress) => Promise<void>): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    try {
      await run({
        step: (name, task) => this.#step(job, name, task),
        cancelled,
        passNoReturn: () => {
          cancelled.throwIfAborted();
          this.#cancels.delete(job.id);
        },
      });
      this.#end(job, "done", startedMs);
    } catch (error) {
      job.error = messageOf(error);
      this.#end(job, "failed", startedMs);
      throw error;
    }
  }

  #end(job: Job, result: EndedJob["result"], startedMs: number): void {
    job.state = result;
    if (result === "failed" && job.kind === "rebuild") this.#forgetRepeated(job);
    this.#cancels.delete(job.id);
    job.endedAt = new Date(this.#clock.nowMs()).toISOString();
    const tookMs = this.#clock.monotonicMs() - startedMs;
    this.#onEnd?.({ kind: job.kind, result, error: job.error, tookMs });
  }

  /** A rebuild is tried again and again: of tries that fail one after the other for the same reason, the first and the last are kept. */
  #forgetRepeated(last: Job): void {
    const series: Job[] = [];
    for (const job of this.list().filter(({ kind, id }) => kind === last.kind && id !== last.id)) {
      if (job.state !== "failed" || !isSameSentence(job.error ?? "", last.error ?? "")) break;
      series.push(job);
    }
    for (const { id } of series.slice(0, -1)) this.#jobs.delete(id);
  }

  async #step<T>(job: Job, name: string, task: (tell: (detail: string) => void) => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    const startedAt = new Date(this.#clock.nowMs()).toISOString();
    const step: JobStep = { name, state: "running", startedAt, tookMs: null, detail: "" };
    job.steps.push(step);
    try {
      const result = await task((detail) => {
        step.detail = detail;
      });
      step.state = "done";
      return result;
    } catch (error) {
      step.state = "failed";
      step.detail = messageOf(error);
      throw error;
    } finally {
      step.tookMs = Math.round(this.#clock.monotonicMs() - startedMs);
    }
  }

  #remember(job: Job): void {
    this.#jobs.set(job.id, job);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > KEPT_MAX && oldest !== undefined) this.#jobs.delete(oldest);
  }
}
