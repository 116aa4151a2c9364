import type { Applier } from "@understudy/applier";
import type { EventHistory } from "@understudy/health-monitor";
import { UnderstudyError, type ClusterView } from "@understudy/protocol";
import { newlyBroken } from "../cluster/newly-broken.ts";
import { brokenReason } from "./broken-reason.ts";
import { forgetFailure, keepFailure } from "./kept-failure.ts";

/** What {@link BrokenWatch} needs. */
export interface BrokenWatchOptions {
  readonly nodeId: string;
  readonly dataDir: string;
  readonly events: EventHistory;
  readonly applier: Pick<Applier, "state" | "resume">;
}

/** Keeps and tells what a slave could not apply, and which other slaves can't go on. */
export class BrokenWatch {
  readonly #of: BrokenWatchOptions;
  #noted: string | null = null;

  constructor(options: BrokenWatchOptions) {
    this.#of = options;
  }

  /** Which transaction it stopped at and why; null while it is not broken. */
  get reason(): string | null {
    return brokenReason(this.#of.applier.state);
  }

  /** The same with what can be done about it. */
  get advice(): string | null {
    const { state } = this.#of.applier;
    if (state.kind !== "broken") return null;
    const { nodeId } = this.#of;
    const rebuild = `POST /cluster/nodes/${nodeId}/rebuild makes a fresh copy`;
    const rest = state.isDivided
      ? rebuild
      : `when its cause is gone: POST /cluster/nodes/${nodeId}/resume; or ${rebuild}`;
    return `replication is broken at ${String(this.reason)} (${rest})`;
  }

  /** To be called after each delivery that failed, before its answer: tells once, and resolves when a restart remembers it. */
  async note(): Promise<void> {
    const { nodeId, dataDir, applier } = this.#of;
    const { state } = applier;
    const { reason } = this;
    if (reason === this.#noted) return;
    this.#noted = reason;
    if (state.kind !== "broken" || reason === null) return;
    this.#record(nodeId, reason);
    await keepFailure(dataDir, state);
  }

  /** What the master tells of other slaves belongs into every node's history. */
  noteOthers(before: ClusterView | null, now: ClusterView): void {
    for (const { nodeId, reason } of newlyBroken(before?.members ?? [], now.members)) {
      if (nodeId !== this.#of.nodeId) this.#record(nodeId, reason);
    }
  }

  /** Tries again by a person's word. Throws `apply-failed` where only a fresh copy helps. */
  async resume(): Promise<void> {
    const { dataDir, events, applier } = this.#of;
    if (applier.state.kind === "broken" && applier.state.isDivided) {
      throw new UnderstudyError(
        "apply-failed",
        `a part of a transaction is here, which nothing undoes: ${String(this.advice)}`,
      );
    }
    await forgetFailure(dataDir);
    await applier.resume();
    this.#noted = null;
    events.record("replication-resumed", "replication tries again");
  }

  #record(nodeId: string, why: string): void {
    this.#of.events.record("replication-broken", `${nodeId} can't go on: ${why}`, nodeId);
  }
}
