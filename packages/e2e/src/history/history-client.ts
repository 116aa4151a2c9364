import { isAbortOf, type Clock, type Random } from "@understudy/kernel";
import type { Answer, ClusterNode } from "../cluster-node.ts";
import type { History } from "./history.ts";
import type { Outcome } from "./operation.ts";

/** What clients of one run share. */
export interface HistoryRun {
  readonly nodes: readonly ClusterNode[];
  readonly history: History;
  readonly clock: Clock;
  /** Makes names of this run's keys and registers differ from those of others on the same cluster. */
  readonly name: string;
  /** Answers that no client should ever get, in sentences. */
  readonly defects: string[];
}

/** What became of a write and all of its tries. */
export interface WriteEnd {
  readonly outcome: Outcome;
  readonly node: string;
  /** Of the answer that settled it; empty where none did. */
  readonly body: Readonly<Record<string, unknown>>;
}

const TRY_TIMEOUT_MS = 8_000;
/** Longest time after which a client gives a write up and calls it unknown. */
const RETRY_FOR_MS = 12_000;
const RETRY_PAUSE_MS = 20;

/** After these another try under the same key may find out more. */
const PASSING: ReadonlySet<unknown> = new Set([
  "database-unavailable",
  "deadlock",
  "epoch-stale",
  "forward-loop",
  "no-leader",
  "node-unreachable",
  "overloaded",
  "starting",
  "timeout",
  "write-uncertain",
]);
/** They leave it open whether the write happened. */
const OPEN: ReadonlySet<unknown> = new Set([
  "ack-timeout",
  "database-unavailable",
  "idempotency-unresolved",
  "node-unreachable",
  "timeout",
  "write-uncertain",
]);

/** A client that talks plain HTTP to any node, one request at a time, and tries again by itself. */
export class HistoryClient {
  readonly name: string;
  readonly run: HistoryRun;
  readonly random: Random;
  readonly signal: AbortSignal;

  constructor(name: string, run: HistoryRun, { random, signal }: { random: Random; signal: AbortSignal }) {
    this.name = name;
    this.run = run;
    this.random = random;
    this.signal = signal;
  }

  /** True until the run is over. */
  get goesOn(): boolean {
    return !this.signal.aborted && !this.run.history.isFull;
  }

  /** 0 … below − 1. */
  below(below: number): number {
    return Math.floor(this.random() * below);
  }

  pick<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  }

  /** A short rest between operations, so that the machine has time for the others. */
  async rest(msMax: number): Promise<void> {
    try {
      await this.run.clock.sleep(1 + this.below(msMax), this.signal);
    } catch (error) {
      if (!isAbortOf(error, this.signal)) throw error;
    }
  }

  /** One try at some node; null where no answer came. */
  async tryOnce(
    path: string,
    body: unknown,
    options: { readonly node?: ClusterNode; readonly key?: string } = {},
  ): Promise<Answer | null> {
    const node = options.node ?? this.pick(this.run.nodes);
    const headers = options.key === undefined ? {} : { "idempotency-key": options.key };
    try {
      const answer = await node.post(path, body, { headers, timeoutMs: TRY_TIMEOUT_MS });
      this.judge(`${path} at ${node.nodeId}`, answer);
      return answer;
    } catch {
      return null;
    }
  }

  /** A write of one try, without a key. */
  async writeOnce(path: string, body: unknown): Promise<WriteEnd> {
    const node = this.pick(this.run.nodes);
    const answer = await this.tryOnce(path, body, { node });
    const end = { node: node.nodeId, body: answer?.body ?? {} };
    if (answer && answer.status < 300) return { ...end, outcome: "ok" };
    return { ...end, outcome: answer === null || OPEN.has(answer.body["code"]) ? "unknown" : "failed" };
  }

  /** A write with all of its tries, each at some node, under one key. */
  async write(path: string, body: unknown, key: string): Promise<WriteEnd> {
    const deadlineMs = this.run.clock.monotonicMs() + RETRY_FOR_MS;
    let isOpen = false;
    for (;;) {
      const node = this.pick(this.run.nodes);
      const answer = await this.tryOnce(path, body, { node, key });
      const end = { node: node.nodeId, body: answer?.body ?? {} };
      if (answer && answer.status < 300) return { ...end, outcome: "ok" };
      const code = answer?.body["code"];
      isOpen ||= answer === null || OPEN.has(code);
      const mayTryAgain = answer === null || PASSING.has(code);
      if (!mayTryAgain || this.run.clock.monotonicMs() > deadlineMs) {
        return { ...end, outcome: isOpen ? "unknown" : "failed" };
      }
      await this.run.clock.sleep(RETRY_PAUSE_MS);
    }
  }

  /** Notes an answer that is a defect whatever was cut. */
  judge(what: string, { status, body, text }: Answer): void {
    const code = body["code"];
    const isSound = status < 300 || (status !== 500 && typeof code === "string");
    const isOurs = code === "idempotency-mismatch" || code === "invalid-request" || code === "sql-syntax";
    if (isSound && !isOurs) return;
    if (this.run.defects.length < 100)
      this.run.defects.push(`${what} answered ${status} ${text.slice(0, 500)}`);
  }
}

/** The position of an answer; null where it names none. */
export function positionOf(body: Readonly<Record<string, unknown>>): string | null {
  const position = body["position"];
  return typeof position === "string" ? position : null;
}

/** A number of the first row, by its column; null where there is none. */
export function firstNumber(body: Readonly<Record<string, unknown>>, column: string): number | null {
  const rows = body["rows"];
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined;
  if (typeof row !== "object" || row === null) return null;
  const value = (row as Record<string, unknown>)[column];
  return value === null || value === undefined ? null : Number(value);
}
