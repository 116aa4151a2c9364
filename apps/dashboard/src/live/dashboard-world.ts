import type { NodeClient } from "@understudy/client";
import type { Clock, Random } from "@understudy/kernel";
import type { ClusterEvent, Job } from "@understudy/protocol";
import type { SettingsStore } from "../settings/settings-store.ts";
import type { ThemeName } from "../theme/theme.ts";
import type { Round } from "./cluster-source.ts";

/** Where the cluster is heard of; `ClusterSource`, or a stand-in in tests. */
export interface Source extends AsyncDisposable {
  readonly node?: NodeClient | null;
  ask(signal: AbortSignal): Promise<Round>;
  jobs?(signal: AbortSignal): Promise<readonly Job[]>;
  /** A client of any node, which the caller closes. */
  openNode?(url: string): NodeClient;
  /** That node is asked first in the next round. */
  attach?(url: string): void;
  events?(signal: AbortSignal): AsyncIterable<{ readonly url: string; readonly event: ClusterEvent }>;
}

/** What the dashboard was started with, as far as people are told. */
export interface StartFacts {
  readonly version: string;
  /** Holds the token; null without one. */
  readonly tokenFile: string | null;
  readonly caFile: string | null;
}

/** What the dashboard needs of the world. */
export interface DashboardWorld {
  /** Of the command line. */
  readonly nodes: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly openSource: () => Source;
  readonly settings: SettingsStore;
  readonly isReadOnly: boolean;
  readonly theme: ThemeName;
  readonly facts: StartFacts;
  /** True with `NO_COLOR`: whatever theme is chosen, nothing has a colour. */
  readonly isColourless: boolean;
  /** Id of the first view. */
  readonly startView: string;
}
