import type { AckSet, ElectionHost, NodeDescription, SlavesInSync } from "../src/election-host.ts";
import type { PromiseRequest } from "../src/election.ts";
import type { Leader } from "../src/cluster-state.ts";
import { UUID } from "./sample-state.ts";

/** A node without a database: does what it is told, and writes it down. */
export class TestHost implements ElectionHost {
  readonly done: string[] = [];
  readonly notes: string[] = [];
  role: NodeDescription["role"] = "slave";
  gtid = `${UUID}:1-10`;
  /** The leader that refuses its connections, or everybody. */
  refusedBy: string | null = null;
  slaves: readonly string[] = [];
  /** Those that follow; null for all of its slaves. */
  following: readonly string[] | null = null;
  /** Settles what a close waits for. */
  closing: Promise<void> = Promise.resolve();
  /** Settles what a wait for acks waits for. */
  acking: Promise<void> = Promise.resolve();
  /** Whether every member, asked by itself, accepts no other master. */
  agrees: (request: PromiseRequest) => boolean = () => false;
  /** Why commits don't go through. */
  stalledBecause: string | null = null;
  /** So many times it can't begin to lead. */
  leadsFail = 0;
  /** How often it was told to lead. */
  tries = 0;
  #dataEpoch = 0n;
  readonly #nodeId: string;
  readonly #startsNewCluster: boolean;

  constructor(nodeId: string, startsNewCluster: boolean) {
    this.#nodeId = nodeId;
    this.#startsNewCluster = startsNewCluster;
  }

  async describe(): Promise<NodeDescription> {
    return {
      url: `http://${this.#nodeId}`,
      flavour: "mysql",
      version: "9.7.0",
      role: this.role,
      priority: 0,
      unfit: this.stalledBecause ?? "",
      hasHistory: true,
      dataEpoch: this.#dataEpoch.toString(),
      gtid: this.gtid,
      behindMs: 0,
      startsNewCluster: this.#startsNewCluster,
      knows: [this.#nodeId],
    };
  }

  follow(leader: Leader | null): void {
    const words = leader ? `follow ${leader.nodeId} in ${leader.epoch}` : "follow nobody";
    if (this.done.at(-1) !== words) this.done.push(words);
  }

  async close(epoch: bigint): Promise<void> {
    await this.closing;
    this.done.push(`close ${epoch}`);
  }

  async reopen(epoch: bigint): Promise<void> {
    this.#dataEpoch = epoch;
    this.done.push(`reopen ${epoch}`);
  }

  async lead(epoch: bigint, signal: AbortSignal): Promise<void> {
    this.tries++;
    signal.throwIfAborted();
    if (this.leadsFail-- > 0) throw new Error("its database server is gone");
    this.role = "master";
    this.#dataEpoch = epoch;
    this.done.push(`lead in ${epoch}`);
  }

  async stepDown(): Promise<void> {
    this.role = "slave";
    this.done.push("step down");
  }

  async leaderRefuses(leader: Leader): Promise<boolean> {
    return this.refusedBy === "everybody" || this.refusedBy === leader.nodeId;
  }

  async allAgree(epoch: bigint): Promise<boolean> {
    return this.agrees({ nodeId: this.#nodeId, epoch, stalled: this.stalledBecause !== null });
  }

  slavesInSync(): SlavesInSync {
    return {
      slaves: this.slaves,
      following: this.following ?? this.slaves,
      acks: Math.floor((this.slaves.length + 1) / 2),
    };
  }

  async acked(_set: AckSet): Promise<void> {
    await this.acking;
  }

  stalled(): string | null {
    return this.stalledBecause;
  }

  unheard(): null {
    return null;
  }

  note(sentence: string): void {
    this.notes.push(sentence);
  }
}
