import type { Applier } from "@understudy/applier";
import {
  anySignal,
  backoffMs,
  BackgroundLoop,
  ChangeSignal,
  messageOf,
  orAbort,
  sleepOrWake,
} from "@understudy/kernel";
import {
  errorCodeOf,
  isUnderstudyError,
  speaksWire,
  UnderstudyError,
  UNTOLD_WIRE,
  WIRE_VERSIONS,
  type ErrorCode,
  type Member,
  type RegisterAnswer,
} from "@understudy/protocol";
import type { RoleServices } from "../node-services.ts";
import type { LeaderLink } from "../roles/leader-link.ts";
import type { Membership } from "../roles/membership.ts";
import { readHistory, type GtidPosition } from "@understudy/binlog";
import { positionOf } from "../roles/binlog-access.ts";
import type { RebuildOrder } from "../rejoin/rebuild.ts";
import { currentCause, inCause, type Cause } from "../tracing/cause.ts";
import type { ClusterStore } from "./cluster-store.ts";
import { isPartOfHistory } from "./join-decision.ts";
import { resetHistory } from "./reset-history.ts";

/** What {@link Registration} needs. */
export interface RegistrationOptions {
  readonly services: RoleServices;
  readonly membership: Membership;
  readonly applier: Applier;
  readonly link: LeaderLink;
  readonly store: ClusterStore;
  /** A copy of the data was not restored to its end. */
  readonly isTorn: boolean;
  /** True where this node may lack what it acked once, so that it has to learn where the master is. */
  readonly owesHistory: () => boolean;
  /** This node was in no cluster before, or owes history; the master is at this position. */
  readonly onNew: (position: GtidPosition) => Promise<void>;
  /** The master says that this node's data hold what it lacks, and why. */
  readonly onParted: (reason: string) => Promise<void>;
  /**
   * The master says that this node needs a fresh copy. Must return at once: this registration may end by it. Gives how long to wait before the
   * master is asked again, in milliseconds.
   */
  readonly onRebuild: (order: RebuildOrder) => number;
}

/** What a node's server holds when it asks to join. */
interface OwnData {
  readonly position: GtidPosition;
  /** The same to the transaction, see `commonHistory`. */
  readonly history: string;
  /** 0 where they are of no cluster. */
  readonly dataEpoch: bigint;
  readonly hasDatabases: boolean;
}

/** The master sends something every second; after this silence it is asked again. */
const SILENCE_MS = 3500;
const CHECK_MS = 500;
const BACKOFF = { baseMs: 200, maxMs: 5000 } as const;
/** Answers to a node that can't prove that it belongs to the cluster. */
const TOKEN_REFUSALS: ReadonlySet<ErrorCode> = new Set(["unauthenticated", "forbidden"]);
/** Answers of a master that won't have this node as it is. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "cluster-mismatch",
  "node-id-taken",
  "server-unsuitable",
  "snapshot-required",
]);
/** Of a node that is no master, or none at all. */
const LOST: ReadonlySet<ErrorCode> = new Set(["no-leader", "node-unreachable"]);
const REGISTER_TIMEOUT_MS = 5000;
/** So long after a registration what asks for one may be older than it. The master asks again. */
const ANSWERED_MS = 1000;
const ignore = (): void => undefined;

/**
 * Keeps a slave registered: at its start, and again whenever the master has been silent for a few of its heartbeats, since
 * then one of the two has forgotten the other. Needs no person.
 */
export class Registration implements AsyncDisposable {
  readonly #options: RegistrationOptions;
  readonly #loop: BackgroundLoop;
  readonly #hurry = new ChangeSignal();
  #problem: string | null = "not registered with the master yet";
  #heardAtMs: number | null = null;
  #refusal: ErrorCode | null = null;
  /** The epoch of the master that it has registered with in this life. */
  #registered: bigint | null = null;
  #underWay: Promise<void> | null = null;
  #isLost = false;
  #toldMembers: readonly Member[] = [];
  #receptions = 0;
  #wantsRebuild = false;
  /** The request by which a person wants that. */
  #rebuildCause: Cause | null = null;
  #registeredAtMs = Number.NEGATIVE_INFINITY;
  /** A copy is to be tried again then, of the master of that epoch. */
  #putOff: { readonly untilMs: number; readonly epoch: bigint } | null = null;
  /** Another one is wanted at once where the one under way fails. */
  #isAskedFor = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#loop = new BackgroundLoop(
      (signal) => this.#run(signal),
      (error) => options.services.logger.error({ event: "registration-ended", err: error }, messageOf(error)),
    );
  }

  /** Why the master delivers nothing; null while it does. */
  get problem(): string | null {
    return this.#problem;
  }

  /** True where the master has said that this node's data is not its cluster's; waiting does not help then. */
  get isRefused(): boolean {
    return this.#problem !== null && this.#refusal !== null;
  }

  /** The epoch of the master that has taken this node in since the role began; null before. */
  get epoch(): bigint | null {
    return this.#registered;
  }

  /** True where nobody leads at the address that this node knows. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Resolves when no registration is under way: a delivery may be faster than the answer to it. Rejects with the signal's reason. */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.#underWay) await orAbort(this.#underWay, signal);
  }

  /** Members as the master told them at the last registration. */
  get toldMembers(): readonly Member[] {
    return this.#toldMembers;
  }

  /** A delivery is under way until the result is disposed: applying it may take hours, and is no silence. */
  receive(): Disposable {
    this.#receptions += 1;
    return { [Symbol.dispose]: () => (this.#receptions -= 1) };
  }

  /** The master has sent something, and it was whole. */
  heard(): void {
    this.#heardAtMs = this.#options.services.clock.monotonicMs();
    this.#problem = null;
  }

  /**
   * Registers at once where the master is silent, instead of waiting the back-off out. A registration that is under way, or was just
   * answered, is enough: another one would make deliveries begin again.
   */
  hurry(): void {
    const { clock } = this.#options.services;
    if (this.#underWay) this.#isAskedFor = true;
    else if (this.#putOffMs() === 0 && clock.monotonicMs() - this.#registeredAtMs >= ANSWERED_MS)
      this.#hurry.notify();
  }

  /** Registers at once, whoever was heard before: there is another master, or it does not know of this node's registration. */
  renew(): void {
    this.#heardAtMs = null;
    this.#putOff = null;
    this.#hurry.notify();
  }

  /** The master of this epoch says that it waits for a registration; as {@link hurry}, whatever was heard before. */
  invited(epoch: bigint): void {
    const { clock } = this.#options.services;
    // it has been told all that this master has to say
    if (this.#putOff?.epoch === epoch && this.#putOffMs() > 0) return;
    if (this.#underWay) this.#isAskedFor = true;
    else if (this.#registered !== epoch || clock.monotonicMs() - this.#registeredAtMs >= ANSWERED_MS)
      this.renew();
  }

  #putOffMs(): number {
    const untilMs = this.#putOff?.untilMs ?? 0;
    return Math.max(0, untilMs - this.#options.services.clock.monotonicMs());
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options.services;
    for (let attempt = 0; ;) {
      const woken = this.#hurry.next();
      if (this.#isHeard()) {
        attempt = 0;
        await sleepOrWake({ clock, ms: CHECK_MS, woken, signal });
        continue;
      }
      const cause = this.#rebuildCause;
      const register = (): Promise<boolean> => this.#registerOnce(signal);
      const registering = cause ? inCause(cause, register) : register();
      this.#underWay = registering.then(ignore, ignore);
      const registered = await registering.finally(() => (this.#underWay = null));
      const isAskedFor = this.#isAskedFor && this.#putOffMs() === 0;
      this.#isAskedFor = false;
      if (isAskedFor && !registered) continue;
      // after a registration the first delivery takes a moment; a refusal takes longer to be worth another try
      const waitMs = registered ? SILENCE_MS : backoffMs(attempt++, BACKOFF, random) + CHECK_MS;
      await sleepOrWake({ clock, ms: Math.max(waitMs, this.#putOffMs()), woken, signal });
    }
  }

  #isHeard(): boolean {
    // deliveries go on until the master knows
    if (this.#wantsRebuild) return false;
    if (this.#receptions > 0) return true;
    const nowMs = this.#options.services.clock.monotonicMs();
    return this.#heardAtMs !== null && nowMs - this.#heardAtMs < SILENCE_MS;
  }

  async #registerOnce(signal: AbortSignal): Promise<boolean> {
    const { services, link, membership } = this.#options;
    const { url, life } = link;
    const asking = anySignal(signal, life);
    if (url === null) {
      this.#note("no node leads, as far as this one knows");
      return false;
    }
    try {
      const own = await this.#ownData();
      const answer = await this.#register(own, asking);
      const { clusterId, leader } = answer;
      checkWire(answer, services.identity.nodeId);
      this.#toldMembers = answer.members;
      if (answer.action === "rebuild") return await this.#noteRebuild(answer, own, url);
      if (membership.clusterId === null || this.#options.owesHistory())
        await this.#options.onNew(positionOf(services, answer.gtid));
      membership.follow({ clusterId, epoch: BigInt(answer.epoch), leader: leader.nodeId });
      if (answer.action === "reset") {
        services.events.record("warning", "this fresh server's own history is emptied, to take the master's");
        await resetHistory(services);
        await this.#options.applier.refresh();
        await this.#register(await this.#ownData(), asking);
      }
      this.#registered = BigInt(answer.epoch);
      this.#registeredAtMs = services.clock.monotonicMs();
      this.#isLost = false;
      this.#note(`registered with ${url}, waiting for its first delivery`);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      // a master that is frozen must not keep this node from the next one: writes wait for it there
      if (life.aborted) return false;
      const code = errorCodeOf(error);
      this.#isLost = LOST.has(code);
      const advice = TOKEN_REFUSALS.has(code)
        ? "; this node's token (UNDERSTUDY_NODE_TOKEN) must be in the master's UNDERSTUDY_TOKENS_FILE, with the right replicate"
        : "";
      this.#note(`can't register with the master ${url}: ${messageOf(error)}${advice}`, code);
      this.#followWord(error);
      return false;
    }
  }

  /** Without elections, the node that was the master once is the only one that can tell who is it now. */
  #followWord(error: unknown): void {
    const { services, link } = this.#options;
    if (services.config.hasElections || !isUnderstudyError(error, "no-leader")) return;
    const { leader } = error.details;
    if (typeof leader === "string" && leader !== services.identity.advertisedUrl) {
      link.set({ nodeId: null, url: leader });
    }
  }

  /** A person wants it to get a fresh copy: asks the master for it. */
  requestRebuild(): void {
    this.#wantsRebuild = true;
    this.#putOff = null;
    this.#rebuildCause = currentCause();
    this.#hurry.notify();
  }

  async #noteRebuild(answer: RegisterAnswer, own: OwnData, url: string): Promise<boolean> {
    const { services, isTorn, onRebuild, onParted, membership } = this.#options;
    const isRefused = services.config.rejoin === "refuse" && !this.#wantsRebuild && !isTorn;
    const advice = isRefused ? "; UNDERSTUDY_REJOIN=refuse: POST /cluster/nodes/{id}/rebuild does it" : "";
    const { trouble } = services.rejoin;
    const again =
      trouble === null || isRefused ? "" : `; the last try failed, and there will be another: ${trouble}`;
    const { flavour } = services.executor.server;
    const master = { executed: positionOf(services, answer.gtid), survived: answer.survived };
    // before anybody is told: what only lags behind is the cluster's all the same, and what was in no cluster never counted
    const isCounted = !isTorn && membership.clusterId !== null;
    if (isCounted && !isPartOfHistory(flavour, own, master)) await onParted(answer.reason);
    this.#noteNeed(`it needs a fresh copy of the data: ${answer.reason}${advice}`, again);
    if (isRefused) return false;
    const databases = await services.executor.listDatabases();
    const waitMs = onRebuild({
      reason: answer.reason,
      cause: this.#rebuildCause,
      // the way by which it was just asked, which may be another than its own word for itself
      source: { nodeId: answer.leader.nodeId, url },
      copyFrom: answer.copyFrom ?? null,
      epoch: BigInt(answer.epoch),
      survived: answer.survived,
      executed: answer.gtid,
      hasNothingOwn: isTorn || (databases.length === 0 && membership.clusterId === null),
    });
    if (waitMs > 0) {
      const untilMs = services.clock.monotonicMs() + waitMs;
      this.#putOff = { untilMs, epoch: BigInt(answer.epoch) };
    }
    return true;
  }

  /** A role that begins after each failed try says the same as the one before. */
  #noteNeed(need: string, again: string): void {
    if (this.#options.services.rejoin.isNewNeed(need)) this.#note(need, "snapshot-required");
    this.#refusal = "snapshot-required";
    this.#problem = `${need}${again}`;
  }

  #note(problem: string, code?: ErrorCode): void {
    this.#refusal = code !== undefined && REFUSALS.has(code) ? code : null;
    const { events, logger } = this.#options.services;
    if (this.#problem === problem) return;
    this.#problem = problem;
    if (code === undefined) return;
    if (code === "node-id-taken") logger.error({ event: "node-id-taken" }, problem);
    else logger.warn({ event: "registration-failed", code }, problem);
    events.record("error", problem);
  }

  async #ownData(): Promise<OwnData> {
    const { services, applier, store, isTorn } = this.#options;
    const { executor } = services;
    const position = await applier.refresh();
    const [history, databases, record] = await Promise.all([
      executor.withAdmin((session) => readHistory(session, executor.server.flavour)),
      executor.listDatabases(),
      isTorn ? null : store.read(),
    ]);
    return { position, history, dataEpoch: record?.epoch ?? 0n, hasDatabases: databases.length > 0 };
  }

  async #register(own: OwnData, signal: AbortSignal): Promise<RegisterAnswer> {
    const { services, membership, link, isTorn } = this.#options;
    const { identity, executor } = services;
    const { flavour } = executor.server;
    return link.client.register(
      {
        nodeId: identity.nodeId,
        clusterId: membership.clusterId,
        url: identity.advertisedUrl,
        flavour,
        serverId: executor.server.serverId,
        serverVersion: executor.server.version,
        version: identity.version,
        epoch: membership.epoch.toString(),
        gtid: own.position.toString(),
        history: own.history,
        dataEpoch: own.dataEpoch.toString(),
        torn: isTorn,
        wantsRebuild: this.#wantsRebuild,
        wire: WIRE_VERSIONS,
        instance: identity.instance,
        empty: !own.hasDatabases && membership.clusterId === null,
      },
      { signal, timeoutMs: REGISTER_TIMEOUT_MS },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}

/** A master that does not know of versions answers in the first one. Throws `version-mismatch`. */
function checkWire({ wire = UNTOLD_WIRE.newest, leader }: RegisterAnswer, nodeId: string): void {
  if (speaksWire(WIRE_VERSIONS, wire)) return;
  const { oldest, newest } = WIRE_VERSIONS;
  throw new UnderstudyError(
    "version-mismatch",
    `${leader.nodeId} answers in version ${wire} of the interface between nodes, ${nodeId} speaks ${oldest} to ${newest}: upgrade ${wire < oldest ? leader.nodeId : nodeId}`,
  );
}
