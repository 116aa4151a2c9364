import type { AckSet, ElectionHost, Leader, NodeDescription, SlavesInSync } from "@understudy/election";
import { anySignal, backoffMs, messageOf, TaskQueue } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import { Sightings } from "../cluster/sightings.ts";
import type { JobProgress } from "../jobs/job-board.ts";
import type { Leadership, Rejoin, RoleServices } from "../node-services.ts";
import { rebuildNode, type RebuildOrder } from "../rejoin/rebuild.ts";
import { RebuildTries } from "../rejoin/rebuild-tries.ts";
import type { KnownLeader } from "../roles/leader-link.ts";
import { MasterRole } from "../roles/master-role.ts";
import { forgetOwedHistory } from "../roles/owed-history.ts";
import { SlaveRole } from "../roles/slave-role.ts";
import { LonelyTerms } from "./lonely-terms.ts";
import { refusesConnections } from "./refuses-connections.ts";
import type { RoleHolder } from "./role-holder.ts";

/** What a supervisor needs: what roles use, but for what it gives them itself. */
export type ServicesOfSupervisor = Omit<RoleServices, "leadership" | "rejoin" | "sightings">;

const BACKOFF = { baseMs: 100, maxMs: 2000 } as const;
const TASKS_MAX = 16;
/** Others elect a master among themselves in much less. */
const GIVE_WAY_MS = 10_000;

/**
 * Moves its node between the roles as an election decides: one change at a time, each role disposed before the next one is opened.
 * While a master is fenced no role is there, however long that takes: a node whose database server can't be made read-only serves
 * nothing, and tries on.
 */
export class NodeSupervisor implements ElectionHost, Rejoin, AsyncDisposable {
  readonly #services: RoleServices;
  readonly #holder: RoleHolder;
  readonly #tasks = new TaskQueue(
    TASKS_MAX,
    () => new UnderstudyError("overloaded", "too many changes of this node's role wait for each other"),
  );
  readonly #life = new AbortController();
  #leader: KnownLeader | null = null;
  #noted = "";
  readonly #lonely = new LonelyTerms();
  readonly #tries: RebuildTries;
  /** Until then others are to lead, where they can. */
  #givenWay: { readonly because: string; readonly untilMs: number } | null = null;
  /** From whom a copy is taken now. */
  #rebuilding: { readonly url: string; readonly life: AbortController } | null = null;

  constructor(services: ServicesOfSupervisor, leadership: Leadership, holder: RoleHolder) {
    this.#services = { ...services, leadership, rejoin: this, sightings: new Sightings(services.clock) };
    this.#holder = holder;
    this.#tries = new RebuildTries(services.clock, services.random);
  }

  /** Begins as a slave of `leader`, or of nobody yet. */
  async begin(leader: KnownLeader | null): Promise<void> {
    this.#leader = leader;
    this.#holder.set(await SlaveRole.open(this.#services, leader));
  }

  async describe(): Promise<NodeDescription> {
    const role = this.#holder.current();
    const { identity, config, executor, clock } = this.#services;
    const way = this.#givenWay;
    const gaveBack = role.kind === "slave" && way !== null && clock.monotonicMs() < way.untilMs;
    return {
      url: identity.advertisedUrl,
      flavour: executor.server.flavour,
      version: identity.version,
      priority: config.priority,
      ...(await role.standing()),
      ...(gaveBack ? { hasHistory: false, unfit: `it gave the lead back: ${way.because}` } : {}),
    };
  }

  follow(leader: Leader | null): void {
    this.#leader = leader && { nodeId: leader.nodeId, url: leader.url };
    if (leader && this.#rebuilding && leader.url !== this.#rebuilding.url) {
      this.#rebuilding.life.abort(new UnderstudyError("no-leader", `${leader.nodeId} leads by now`));
    }
    const role = this.#holder.role;
    if (role?.kind === "slave") role.follow(this.#leader);
  }

  async close(epoch: bigint): Promise<void> {
    // a rebuild may take hours, and a node without data has nothing to close
    this.#slave();
    await this.#tasks.run(async () => {
      await this.#slave().close(epoch);
    });
  }

  async reopen(epoch: bigint): Promise<void> {
    this.#slave();
    await this.#tasks.run(async () => {
      await this.#slave().reopen(epoch);
    });
  }

  /** `epoch` is null where nobody has elected it: then it goes on in its own. */
  async lead(epoch: bigint | null, signal: AbortSignal): Promise<void> {
    await this.#tasks.run(async () => {
      signal.throwIfAborted();
      const before = this.#holder.role;
      // whoever names it
      if (before?.kind === "slave") before.checkFit();
      this.#holder.clear("it is becoming the master");
      // what was passed on to the old master may be on its way back to this node: to wait for it would be to wait for oneself
      if (before?.kind === "slave") before.follow(null);
      // nor is the old one its master when its own lead ends
      this.#leader = null;
      await before?.[Symbol.asyncDispose]();
      const master = await MasterRole.open(this.#services, { epoch, graceMs: this.#lonely.nextGraceMs() });
      if (signal.aborted) {
        await master[Symbol.asyncDispose]();
        signal.throwIfAborted();
      }
      this.#holder.set(master);
      const { events, identity, config } = this.#services;
      // its history is the one that counts from now on
      await forgetOwedHistory(config.dataDir);
      // a node that begins so has not changed
      if (before) events.record("role-changed", `${identity.nodeId} is the master, in epoch ${master.epoch}`);
    });
  }

  async stepDown(because: string): Promise<void> {
    const role = this.#holder.role;
    if (role?.kind === "master") {
      // at once, whatever waits for its turn
      this.#holder.clear(`it steps down: ${because}`);
      role.gate.close();
    }
    await this.#tasks.run(() => this.#stepDown(role?.kind === "master" ? role : null, because));
  }

  async #stepDown(role: MasterRole | null, because: string): Promise<void> {
    const now = this.#holder.role;
    if (now?.kind === "slave") return;
    // one that has begun only now, while this waited for its turn
    const master = role ?? now;
    if (now) this.#holder.clear(`it steps down: ${because}`);
    if (master) {
      const { events, identity } = this.#services;
      events.record("role-changed", `${identity.nodeId} is no longer the master: ${because}`);
      // its role ends though the server may not answer for long: nothing is delivered any more
      await Promise.all([
        master[Symbol.asyncDispose](),
        this.#persist("fence its database server", () => master.fence()),
      ]);
    }
    await this.#persist("become a slave", async () => {
      this.#holder.set(await SlaveRole.open(this.#services, this.#leader));
    });
  }

  get trouble(): string | null {
    return this.#tries.trouble;
  }

  isNewNeed(sentence: string): boolean {
    return this.#tries.isNewNeed(sentence);
  }

  rebuild(order: RebuildOrder): number {
    const { jobs, logger } = this.#services;
    const waitMs = this.#tries.waitMs(order);
    if (waitMs > 0) return waitMs;
    try {
      jobs.begin("rebuild", (progress) => this.#tasks.run(() => this.#rebuild(progress, order)));
    } catch (error) {
      // the registration asks again
      logger.debug({ event: "rebuild-waits" }, messageOf(error));
    }
    return 0;
  }

  async #rebuild(progress: JobProgress, order: RebuildOrder): Promise<void> {
    const role = this.#holder.role;
    if (role?.kind !== "slave") throw new UnderstudyError("starting", "this node has another role by now");
    const { events, identity } = this.#services;
    const because = `${identity.nodeId} takes a fresh copy of the data: ${order.reason}`;
    if (this.#tries.begin(order)) events.record("copy", because);
    this.#holder.clear(because);
    await role[Symbol.asyncDispose]();
    const life = new AbortController();
    this.#rebuilding = { url: order.source.url, life };
    try {
      const signal = anySignal(this.#life.signal, life.signal);
      await rebuildNode(progress, { services: this.#services, order, signal });
      this.#tries.done();
      events.record("copy", `${identity.nodeId} has a fresh copy of the data`);
    } catch (error) {
      const failure = `${identity.nodeId} got no fresh copy of the data: ${messageOf(error)}`;
      if (this.#tries.failed(messageOf(error))) events.record("error", failure);
      throw error;
    } finally {
      this.#rebuilding = null;
      await this.#persist("become a slave", async () => {
        this.#holder.set(await SlaveRole.open(this.#services, this.#leader));
      });
    }
  }

  /** Tries until it is done or the node stops. */
  async #persist(what: string, task: () => Promise<void>): Promise<void> {
    const { clock, random, logger } = this.#services;
    for (let attempt = 0; !this.#life.signal.aborted; attempt++) {
      try {
        await task();
        return;
      } catch (error) {
        this.#holder.clear(`it could not ${what}: ${messageOf(error)}`);
        logger.warn({ event: "role-change-waits" }, `could not ${what}: ${messageOf(error)}`);
      }
      await clock.sleep(backoffMs(attempt, BACKOFF, random), this.#life.signal).catch(() => undefined);
    }
  }

  async leaderRefuses(leader: Leader, signal: AbortSignal): Promise<boolean> {
    const role = this.#holder.role;
    if (role?.kind !== "slave" || !role.receptions.isSilent()) return false;
    return refusesConnections(leader.url, signal);
  }

  async allAgree(_epoch: bigint, signal: AbortSignal): Promise<boolean> {
    const role = this.#holder.role;
    return role?.kind === "master" && (await role.allAgree(signal));
  }

  slavesInSync(): SlavesInSync {
    return this.#master().members.inSync();
  }

  async acked(set: AckSet, signal: AbortSignal): Promise<void> {
    await this.#master().acked(set, signal);
  }

  stalled(): string | null {
    const role = this.#holder.role;
    if (role?.kind !== "master") return null;
    const because = role.stalled();
    // where its disk is full it answers as if nothing were wrong, and would hang in its next lead
    if (because !== null && role.hangs()) this.#letOthersLead("commits hang");
    return because;
  }

  unheard(): string | null {
    const role = this.#holder.role;
    if (role?.kind !== "master") return null;
    const unreadable = role.unreadableBinlog();
    const alone = role.members.reached.alone();
    const because = unreadable ?? alone;
    if (because === null) return null;
    this.#letOthersLead(because);
    if (alone !== null) this.#lonely.noteGivenBack(role.members.reached);
    return because;
  }

  #letOthersLead(because: string): void {
    this.#givenWay = { because, untilMs: this.#services.clock.monotonicMs() + GIVE_WAY_MS };
  }

  note(sentence: string): void {
    if (sentence === this.#noted) return;
    this.#noted = sentence;
    const { logger, events, identity } = this.#services;
    logger.info({ event: "election" }, sentence);
    events.record("election", `${identity.nodeId} ${sentence}`);
  }

  #slave(): SlaveRole {
    const role = this.#holder.current();
    if (role.kind === "slave") return role;
    throw new UnderstudyError("starting", "this node is a master");
  }

  #master(): MasterRole {
    const role = this.#holder.current();
    if (role.kind === "master") return role;
    throw new UnderstudyError("no-leader", "this node is a slave");
  }

  /** Ends the role; to be called when no election decides any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort(new DOMException("the node stops", "AbortError"));
    await this.#tasks.done();
    await this.#services.jobs.done();
    const role = this.#holder.role;
    this.#holder.end();
    await role?.[Symbol.asyncDispose]();
  }
}
