import type { Election } from "@understudy/election";
import {
  BackgroundLoop,
  ChangeSignal,
  messageOf,
  orAbort,
  sleepOrWake,
  type Clock,
  type Logger,
} from "@understudy/kernel";
import { UnderstudyError, type ClusterView, type OfferAnswer, type OfferRequest } from "@understudy/protocol";
import { NotTakenError } from "../http/not-taken-error.ts";
import type { PeerClients } from "../peers/peer-clients.ts";
import type { KnownLeader } from "../roles/leader-link.ts";
import type { HandOverHost, StaticHandOver } from "./static-hand-over.ts";

/** What {@link StaticElection} needs. */
export interface StaticElectionOptions {
  readonly nodeId: string;
  readonly host: HandOverHost;
  readonly handOver: StaticHandOver;
  readonly clock: Clock;
  /** The other members that this node's data names. */
  readonly others: () => Promise<readonly KnownLeader[]>;
  readonly peers: PeerClients;
  /** The epoch that this node knows of now. */
  readonly epoch: () => bigint;
  readonly isMaster: () => boolean;
  readonly logger: Logger;
}

/** Somebody leads in a later epoch than this node knows. */
export interface NewerLead {
  readonly epoch: bigint;
  readonly leader: KnownLeader & { readonly nodeId: string };
}

const ASK_MS = 1500;
const SETTLE_MS = 1000;

/**
 * No election: who was started as master leads until a person names another one. A master whose slaves know a newer epoch has been
 * replaced so, and steps down.
 */
export class StaticElection implements Election {
  readonly kind = "static";
  readonly sync = null;
  readonly state = null;
  readonly changed = new ChangeSignal();
  readonly #of: StaticElectionOptions;
  readonly #doubted = new ChangeSignal();
  readonly #loop: BackgroundLoop;

  constructor(options: StaticElectionOptions) {
    this.#of = options;
    this.#loop = new BackgroundLoop(
      (signal) => this.#run(signal),
      (error) => options.logger.error({ event: "election-ended", err: error }, messageOf(error)),
    );
  }

  checkLeads(): void {
    const { isMaster, handOver } = this.#of;
    if (isMaster() && !handOver.isPending) return;
    throw new NotTakenError("no-leader", "this node is not the master any more");
  }

  plan(): null {
    return null;
  }

  hurry(): void {
    this.#doubted.notify();
  }

  promise(): boolean {
    return false;
  }

  async handOver(nodeId: string, signal: AbortSignal): Promise<void> {
    const { others, handOver } = this.#of;
    const to = (await others()).find((other) => other.nodeId === nodeId);
    if (!to) throw new UnderstudyError("promotion-blocked", `this node's data name no member ${nodeId}`);
    try {
      await handOver.offer({ nodeId, url: to.url }, signal);
    } finally {
      this.changed.notify();
      this.hurry();
    }
  }

  /** A master's offer to lead on; see {@link StaticHandOver.answer}. */
  async answerOffer(offer: OfferRequest, signal: AbortSignal): Promise<OfferAnswer> {
    const answer = await this.#of.handOver.answer(offer, signal);
    this.changed.notify();
    return answer;
  }

  async force({ acceptLoss }: { readonly acceptLoss: boolean }, signal: AbortSignal): Promise<void> {
    const { host, epoch, others, nodeId, isMaster } = this.#of;
    if (isMaster()) throw new UnderstudyError("promotion-blocked", `${nodeId} is the master already`);
    const views = await askAll(await others(), this.#of.peers, signal);
    const leading = views.find((view) => view.leader?.nodeId === view.self);
    if (!acceptLoss) {
      throw new UnderstudyError(
        "promotion-blocked",
        "without etcd nobody can tell whether this node has every write that was confirmed; say acceptLoss: true where that is known, or accepted",
        { details: { leader: leading?.self ?? null } },
      );
    }
    const highest = views.reduce(
      (most, view) => (BigInt(view.epoch) > most ? BigInt(view.epoch) : most),
      epoch(),
    );
    await this.#of.handOver.drop();
    await host.close(highest);
    await host.lead(highest + 1n, signal);
    this.changed.notify();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { host, others, peers, epoch, isMaster, logger, clock, handOver } = this.#of;
    for (;;) {
      const woken = this.#doubted.next();
      if (handOver.isPending) await sleepOrWake({ clock, ms: SETTLE_MS, woken, signal });
      else await orAbort(woken, signal);
      try {
        if (await handOver.settle(signal)) this.changed.notify();
        if (!isMaster() || handOver.isPending) continue;
        const newer = await findNewerLead({ others: await others(), peers }, epoch(), signal);
        if (!newer) continue;
        host.follow({ ...newer.leader, epoch: newer.epoch, leaseId: null });
        await host.stepDown(`${newer.leader.nodeId} leads in epoch ${newer.epoch}`);
        host.follow({ ...newer.leader, epoch: newer.epoch, leaseId: null });
        this.changed.notify();
      } catch (error) {
        signal.throwIfAborted();
        logger.warn({ event: "lead-not-settled" }, messageOf(error));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]();
  }
}

/** Asks the others who leads, and answers with a lead that is newer than `epoch`; null where none of those that answer knows of one. */
export async function findNewerLead(
  { others, peers }: { readonly others: readonly KnownLeader[]; readonly peers: PeerClients },
  epoch: bigint,
  signal: AbortSignal,
): Promise<NewerLead | null> {
  let newest: NewerLead | null = null;
  for (const { epoch: text, leader } of await askAll(others, peers, signal)) {
    const told = BigInt(text);
    if (leader && told > epoch && (!newest || told > newest.epoch)) newest = { epoch: told, leader };
  }
  return newest;
}

/** Those that give no answer in time are left out. */
async function askAll(
  others: readonly KnownLeader[],
  peers: PeerClients,
  signal: AbortSignal,
): Promise<ClusterView[]> {
  const answers = await Promise.allSettled(
    others.map(async ({ url }) => {
      await using client = peers.connect(url);
      return await client.cluster({ signal, timeoutMs: ASK_MS });
    }),
  );
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
}
