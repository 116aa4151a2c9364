import type { Cluster, ClusterNode } from "@understudy/e2e";
import type { Random } from "@understudy/kernel";

/** Which node a fault hits; the master is the one that leads when the fault begins. */
export const TARGETS = ["master", "slave", "random"] as const;
/** @see TARGETS */
export type Target = (typeof TARGETS)[number];

/** Where a fault happens. */
export interface FaultSite {
  readonly cluster: Cluster;
  /** The node that it hits. */
  readonly target: ClusterNode;
  /** The one that led when it began. */
  readonly leader: ClusterNode;
  readonly random: Random;
  /** Aborts where a drill is given up: a fault that takes a while ends then. */
  readonly signal: AbortSignal;
  /** Puts a sentence into the timeline. */
  readonly tell: (sentence: string) => void;
}

/** Undoes a fault; may be called once. */
export type Heal = () => Promise<void>;

/** Something that goes wrong, or that is done on purpose, while writers go on. */
export interface Fault {
  readonly name: string;
  /** For people, in a few words. */
  readonly about: string;
  /** Whether it hits one node. */
  readonly isTargeted: boolean;
  /** Whether it breaks the ways between the parties: the cluster needs proxies then. */
  readonly needsProxies?: boolean;
  /** How long it lasts at least, in ms; it ends when writes go on besides. */
  readonly holdMs: number;
  /** Whether every write has to succeed at its first try. */
  readonly isPlanned?: boolean;
  /** Resolves with what undoes it when it has begun, or when all of it is done. */
  readonly inflict: (site: FaultSite) => Promise<Heal>;
}

/** For what needs no healing. */
export const NOTHING_TO_HEAL: Heal = async () => undefined;
