import type { AckSet } from "@understudy/election";
import type { DatabaseEndpoint, SqlExecutor } from "@understudy/sql-executor";
import type { EventHistory } from "@understudy/health-monitor";
import type { Clock, Logger, Random } from "@understudy/kernel";
import type { AccessControl } from "./access/access-control.ts";
import type { Sightings } from "./cluster/sightings.ts";
import type { NodeConfig } from "./config/node-config.ts";
import type { Admission } from "./http/admission.ts";
import type { RebuildOrder } from "./rejoin/rebuild.ts";
import type { JobBoard } from "./jobs/job-board.ts";
import type { NodeMetrics } from "./metrics/node-metrics.ts";
import type { PeerClients } from "./peers/peer-clients.ts";
import type { NodeTls } from "./tls/node-tls.ts";

/** Who this node is; but for `instance` it stays the same over restarts. */
export interface NodeIdentity {
  readonly nodeId: string;
  readonly advertisedUrl: string;
  /** Version of Understudy. */
  readonly version: string;
  /** Another one at each start: tells it from another node that has its id. */
  readonly instance: string;
}

/** What every part of a node may use, whatever its role. */
export interface NodeServices {
  readonly config: NodeConfig;
  readonly identity: NodeIdentity;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly events: EventHistory;
  /** Counts what clients have under way. */
  readonly admission: Admission;
  /** What it counts of itself. */
  readonly metrics: NodeMetrics;
  /** Who may ask it what. */
  readonly access: AccessControl;
  /** The certificates that it shows and trusts. */
  readonly tls: NodeTls;
  /** How it speaks to other nodes. */
  readonly peers: PeerClients;
  /** Its long work. */
  readonly jobs: JobBoard;
}

/** What a role knows of the election by which it came to be. */
export interface Leadership {
  /** Throws `no-leader` where this node can't be sure to lead in this epoch now. */
  checkLeads(epoch: bigint): void;
  /** Of which slaves the acks count for the next election; null while none do. */
  conditions(): readonly AckSet[] | null;
  /** Resolves when {@link conditions} are others. Take it before looking at them. */
  conditionsChanged(): Promise<void>;
  /** Something makes the lead doubtful: the election looks at once. */
  doubt(): void;
}

/** What a role does whose data can't become the cluster's by deliveries. */
export interface Rejoin {
  /**
   * Has the node saved and copied anew; returns at once, and the role ends by it. Where the last try has just failed, nothing happens: then
   * gives how long to wait before it is asked again, in milliseconds; else 0.
   */
  rebuild(order: RebuildOrder): number;
  /** Why the last try failed, in one sentence; null after none that did. */
  readonly trouble: string | null;
  /** True where the node has not just said with this sentence that it needs a copy, in this role or the one before. */
  isNewNeed(sentence: string): boolean;
}

/** What a role may use besides: the database is there. */
export interface RoleServices extends NodeServices {
  readonly executor: SqlExecutor;
  readonly endpoint: DatabaseEndpoint;
  readonly leadership: Leadership;
  readonly rejoin: Rejoin;
  /** When other nodes were last seen, whatever this node's role was. */
  readonly sightings: Sightings;
  /** What a person should know of this database server, found at start. */
  readonly serverWarnings: readonly string[];
}

/** What a person should know of this node's server, tokens and certificates, under the node's name. */
export function ownWarnings({ identity, serverWarnings, access, tls }: RoleServices): string[] {
  return [...serverWarnings, ...access.warnings(), ...tls.warnings()].map(
    (warning) => `${identity.nodeId}: ${warning}`,
  );
}
