import type { Cluster, ClusterNode } from "@understudy/e2e";
import type { Random } from "@understudy/kernel";
import type { Equipment } from "./equipment.ts";

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
  /** What the cluster was started with, besides what each has. */
  readonly equipment: Equipment;
}

/** Undoes a fault; may be called once. */
export type Heal = () => Promise<void>;

/** What a cluster has to be started with for a fault: none of it is for nothing. */
export const NEEDS = ["proxies", "etcd-proxies", "disks", "clocks"] as const;
/** @see NEEDS */
export type Need = (typeof NEEDS)[number];

/** Something that goes wrong, or that is done on purpose, while writers go on. */
export interface Fault {
  readonly name: string;
  /** For people, in a few words. */
  readonly about: string;
  /** Whether it hits one node. */
  readonly isTargeted: boolean;
  readonly needs?: readonly Need[];
  /** How long it lasts at least, in ms; it ends when writes go on besides. */
  readonly holdMs: number;
  /** Whether no write can go on while it lasts, so that none is waited for. */
  readonly stopsWrites?: boolean;
  /** How long all nodes may take to come back when it is healed, in ms. Default a minute. */
  readonly backWithinMs?: number;
  /** Whether every write has to succeed at its first try. */
  readonly isPlanned?: boolean;
  /**
   * Whether it breaks what a lease rests on, so that a node may say that it leads though another one does: then only what is confirmed is
   * looked at. No part of a walk.
   */
  readonly isWild?: boolean;
  /** Resolves with what undoes it when it has begun, or when all of it is done. */
  readonly inflict: (site: FaultSite) => Promise<Heal>;
}

/** For what needs no healing. */
export const NOTHING_TO_HEAL: Heal = async () => undefined;

/** One of them by chance. Throws where there is none. */
export function pickOne<T>(all: readonly T[], random: Random): T {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new Error("there is nothing to choose from");
  return one;
}
