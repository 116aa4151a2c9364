import type { SuiteResult } from "./measurement.ts";
import type { Scale } from "./scale.ts";
import type { Testbed } from "./testbed.ts";

/** What a suite is run with. */
export interface SuiteContext {
  readonly scale: Scale;
  readonly rounds: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
  /** Says what goes on, to people. */
  readonly tell: (line: string) => void;
}

/** Measures one thing on a testbed whose replicas all rest, and leaves them resting. */
export type Suite = (bed: Testbed, context: SuiteContext) => Promise<SuiteResult>;
