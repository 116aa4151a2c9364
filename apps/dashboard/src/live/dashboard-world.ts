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
  events?(signal: AbortSignal): AsyncIterable<{ readonly url: string; readonly event: ClusterEvent }>;
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
  /** Id of the first view. */
  readonly startView: string;
}
