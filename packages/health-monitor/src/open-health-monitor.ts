import { BackgroundLoop, isAbortOf, messageOf, orAbort, silentLogger, type Logger } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type {
  HealthChange,
  HealthMonitor,
  HealthMonitorOptions,
  NodeHealth,
  ProbeTarget,
} from "./health-monitor.ts";
import { judge, type HealthOutcome, type HealthState, type HealthThresholds } from "./judgement.ts";

/**
 * Starts probing at once. Throws `config-invalid` for times that are not positive and thresholds that are out of order.
 * Disposal ends all probes and waits for them.
 */
export async function openHealthMonitor(options: HealthMonitorOptions): Promise<HealthMonitor> {
  const { suspectAfterFailures = 1, downAfterFailures = 3, timeoutMs = options.intervalMs } = options;
  const isOrdered = suspectAfterFailures >= 1 && downAfterFailures >= suspectAfterFailures;
  if (!(options.intervalMs > 0 && timeoutMs > 0 && isOrdered)) {
    throw new UnderstudyError(
      "config-invalid",
      "health probes need a positive interval and timeout, and 1 ≤ suspectAfterFailures ≤ downAfterFailures",
    );
  }
  return new ProbingHealthMonitor(options, { suspectAfterFailures, downAfterFailures }, timeoutMs);
}

/** All that is known of one target. */
interface Entry {
  target: ProbeTarget;
  state: HealthState | null;
  reason: string;
  failures: number;
  lastFailure: string | null;
  lastSeenMs: number | null;
  lastSeenWallMs: number | null;
  /** The probe under way. */
  probe: BackgroundLoop | null;
  isWantedAgain: boolean;
}

const JITTER = 0.1;

class ProbingHealthMonitor implements HealthMonitor {
  readonly #options: HealthMonitorOptions;
  readonly #thresholds: HealthThresholds;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  /** Ends of probes that were given up, until they are over. */
  readonly #ending = new Set<Promise<void>>();
  readonly #rounds: BackgroundLoop;
  #isDisposed = false;

  constructor(options: HealthMonitorOptions, thresholds: HealthThresholds, timeoutMs: number) {
    this.#options = options;
    this.#thresholds = thresholds;
    this.#timeoutMs = timeoutMs;
    this.#logger = options.logger ?? silentLogger;
    this.#rounds = new BackgroundLoop(
      (signal) => this.#run(signal),
      (error) => this.#logDefect("the probing loop ended", error),
    );
  }

  report(nodeId: string, outcome: HealthOutcome): void {
    const entry = this.#entryOf(nodeId);
    if (entry) this.#note(entry, outcome);
  }

  stateOf(nodeId: string): NodeHealth | null {
    const entry = this.#entries.get(nodeId);
    if (!entry || entry.state === null) return null;
    return { state: entry.state, reason: entry.reason, lastSeenMs: entry.lastSeenWallMs };
  }

  silentForMs(nodeId: string): number | null {
    const lastSeenMs = this.#entries.get(nodeId)?.lastSeenMs ?? null;
    return lastSeenMs === null ? null : this.#options.clock.monotonicMs() - lastSeenMs;
  }

  probeNow(nodeId: string): void {
    const entry = this.#entryOf(nodeId);
    if (!entry) return;
    if (entry.probe) entry.isWantedAgain = true;
    else this.#start(entry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#rounds[Symbol.asyncDispose]();
    for (const entry of this.#entries.values()) this.#giveUp(entry);
    await Promise.all(this.#ending);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random, intervalMs } = this.#options;
    for (;;) {
      this.#syncTargets();
      for (const entry of this.#entries.values()) if (!entry.probe) this.#start(entry);
      await clock.sleep(intervalMs * (1 + JITTER * (2 * random() - 1)), signal);
    }
  }

  #syncTargets(): void {
    const targets = new Map(this.#options.targets().map((target) => [target.nodeId, target]));
    for (const [nodeId, entry] of this.#entries) {
      const target = targets.get(nodeId);
      // A probe of the old address says nothing about the new one.
      if (target?.url !== entry.target.url) this.#giveUp(entry);
      if (target) entry.target = target;
      else this.#entries.delete(nodeId);
    }
    for (const [nodeId, target] of targets) {
      if (!this.#entries.has(nodeId)) this.#entries.set(nodeId, this.#newEntry(target));
    }
  }

  #newEntry(target: ProbeTarget): Entry {
    const { clock, seenBefore } = this.#options;
    const seenMs = seenBefore?.(target.nodeId) ?? null;
    const lastSeenMs = seenMs === null ? null : clock.monotonicMs() - Math.max(0, clock.nowMs() - seenMs);
    return { ...emptyEntry(target), lastSeenMs, lastSeenWallMs: seenMs };
  }

  #entryOf(nodeId: string): Entry | undefined {
    if (this.#isDisposed) return undefined;
    if (!this.#entries.has(nodeId)) this.#syncTargets();
    return this.#entries.get(nodeId);
  }

  #start(entry: Entry): void {
    if (this.#isDisposed) return;
    entry.isWantedAgain = false;
    const probe: BackgroundLoop = new BackgroundLoop(
      (signal) => this.#probe(entry, signal),
      (error) => {
        if (error !== undefined) this.#logDefect("a probe's end could not be handled", error);
        if (entry.probe !== probe) return;
        entry.probe = null;
        if (entry.isWantedAgain) this.#start(entry);
      },
    );
    entry.probe = probe;
  }

  #giveUp(entry: Entry): void {
    if (!entry.probe) return;
    const end = entry.probe[Symbol.asyncDispose]().finally(() => this.#ending.delete(end));
    this.#ending.add(end);
    entry.probe = null;
  }

  /** One probe, from its start to its judgement. */
  async #probe(entry: Entry, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const ended = AbortSignal.any([signal, over.signal]);
    const { clock, probe } = this.#options;
    const timer = clock.sleep(this.#timeoutMs, ended).then(
      () => over.abort(new Error(`no answer within ${this.#timeoutMs} ms`)),
      () => undefined,
    );
    let outcome: HealthOutcome;
    try {
      await orAbort(probe(entry.target, ended), ended);
      outcome = { ok: true };
    } catch (error) {
      if (isAbortOf(error, signal)) throw error;
      outcome = { ok: false, reason: messageOf(over.signal.aborted ? over.signal.reason : error) };
    } finally {
      over.abort(new Error("the probe is over"));
      await timer;
    }
    signal.throwIfAborted();
    this.#note(entry, outcome);
  }

  #note(entry: Entry, outcome: HealthOutcome): void {
    const { clock } = this.#options;
    const from = entry.state;
    if (outcome.ok) {
      entry.failures = 0;
      entry.lastSeenMs = clock.monotonicMs();
      entry.lastSeenWallMs = clock.nowMs();
    } else {
      entry.failures += 1;
      entry.lastFailure = outcome.reason;
    }
    const { state, reason } = judge(entry, clock.monotonicMs(), this.#thresholds);
    Object.assign(entry, { state, reason });
    if (state !== from) this.#tell({ nodeId: entry.target.nodeId, from, to: state, reason });
  }

  #tell(change: HealthChange): void {
    try {
      this.#options.onChange(change);
    } catch (error) {
      this.#logDefect("a change of health could not be handled", error);
    }
  }

  #logDefect(message: string, error: unknown): void {
    this.#logger.error({ event: "health-monitor-defect", error: messageOf(error) }, message);
  }
}

function emptyEntry(target: ProbeTarget): Entry {
  return {
    target,
    state: null,
    reason: "not probed yet",
    failures: 0,
    lastFailure: null,
    lastSeenMs: null,
    lastSeenWallMs: null,
    probe: null,
    isWantedAgain: false,
  };
}
