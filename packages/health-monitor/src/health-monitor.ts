import type { Clock, Logger, Random } from "@understudy/kernel";
import type { HealthOutcome, HealthState } from "./judgement.ts";

/** A node to be probed. */
export interface ProbeTarget {
  readonly nodeId: string;
  readonly url: string;
}

/** A node's judgement has become another one. */
export interface HealthChange {
  readonly nodeId: string;
  /** Null at the first judgement. */
  readonly from: HealthState | null;
  readonly to: HealthState;
  readonly reason: string;
}

/** Options of {@link openHealthMonitor}. */
export interface HealthMonitorOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Between the probes of a node, give or take a tenth. */
  readonly intervalMs: number;
  /** Of one probe. Default: `intervalMs`. */
  readonly timeoutMs?: number | undefined;
  /** Default 1. */
  readonly suspectAfterFailures?: number | undefined;
  /** Default 3. */
  readonly downAfterFailures?: number | undefined;
  /** Asked before each round; a node that is no longer named is forgotten. */
  readonly targets: () => readonly ProbeTarget[];
  /** When a node was last seen before it became a target, in ms since 1970; null where that is not known. Default: never known. */
  readonly seenBefore?: ((nodeId: string) => number | null) | undefined;
  /** Resolves where the node answers. It should end with the signal; a probe that does not is no longer listened to. */
  readonly probe: (target: ProbeTarget, signal: AbortSignal) => Promise<void>;
  /** Must not throw: an error is logged, and the judgement stands. */
  readonly onChange: (change: HealthChange) => void;
  readonly logger?: Logger | undefined;
}

/** What is thought of a node now. */
export interface NodeHealth {
  readonly state: HealthState;
  readonly reason: string;
  /** Wall clock, in milliseconds since 1970, of the last good outcome; null where there was none. */
  readonly lastSeenMs: number | null;
}

/** Probes nodes for as long as it is open, and judges them. */
export interface HealthMonitor extends AsyncDisposable {
  /**
   * Word from elsewhere, such as a delivery that went through or failed, or a message from that node: counts like a
   * probe. Of a node that is not among the targets it is ignored.
   */
  report(nodeId: string, outcome: HealthOutcome): void;
  /** Null for a node of which nothing is known yet. */
  stateOf(nodeId: string): NodeHealth | null;
  /** For how long nothing was seen of it, whatever the wall clock does; null where it was never seen. */
  silentForMs(nodeId: string): number | null;
  /** Probes a node out of turn: now, or as soon as the probe that is under way ends. */
  probeNow(nodeId: string): void;
}
