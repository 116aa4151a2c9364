import type { ElectionTimings } from "@understudy/election";
import type { Flavour } from "@understudy/protocol";
import type { Chance } from "./chance.ts";
import type { Checker } from "./checker.ts";
import type { EventLog } from "./event-log.ts";
import type { Network } from "./network.ts";
import type { Rules } from "./rules.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import type { SimStore } from "./sim-store.ts";
import type { StoreTrouble } from "./store-client.ts";

/** All that the parts of one simulated cluster share. */
export interface World {
  readonly flavour: Flavour;
  readonly nodeIds: readonly string[];
  /** How many acks of slaves confirm a write. */
  readonly acks: number;
  readonly timings: ElectionTimings;
  readonly maxLagMs: number;
  /** How long a slave takes for what one delivery brings, at most. */
  readonly applyMsMax: number;
  /** How many transactions one delivery brings, at most. */
  readonly batchMax: number;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly network: Network;
  readonly store: SimStore;
  readonly storeTrouble: StoreTrouble;
  readonly log: EventLog;
  readonly checker: Checker;
  readonly rules: Rules;
  /** Throws for an unknown id. */
  readonly node: (nodeId: string) => SimNode;
}
