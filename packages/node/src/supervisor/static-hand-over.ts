import type { ElectionHost } from "@understudy/election";
import { messageOf, randomToken, TaskQueue } from "@understudy/kernel";
import { UnderstudyError, type OfferAnswer, type OfferRequest } from "@understudy/protocol";
import type { PeerClients } from "../peers/peer-clients.ts";
import type { KnownLeader } from "../roles/leader-link.ts";
import { forgetHandOver, keepHandOver, type KeptHandOver } from "./kept-hand-over.ts";

/** A node as a hand-over moves it. */
export type HandOverHost = Pick<ElectionHost, "stepDown" | "follow" | "reopen"> & {
  lead(epoch: bigint | null, signal: AbortSignal): Promise<void>;
  close(epoch: bigint): Promise<void>;
};

/** What {@link StaticHandOver} needs. */
export interface StaticHandOverOptions {
  readonly nodeId: string;
  readonly dataDir: string;
  readonly peers: PeerClients;
  readonly host: HandOverHost;
  /** The epoch that this node knows of now. Throws `starting`. */
  readonly epoch: () => bigint;
  readonly isMaster: () => boolean;
  /** Throws where this node could not lead on after the master of this epoch. */
  readonly checkTakes: (epoch: bigint) => void;
  /** One that an earlier life of this node has left without an end. */
  readonly pending: KeptHandOver | null;
}

const TAKE_MS = 4000;
const ASK_MS = 2000;
const OFFERS_MAX = 16;
const NEVER = new AbortController().signal;

/**
 * How a lead goes over without elections. The master offers it, and from then on confirms nothing before it has the other's word: that it
 * leads, or that it never will by this offer. Without that word nobody leads but by a person's; the offer is kept over a restart.
 */
export class StaticHandOver {
  readonly #of: StaticHandOverOptions;
  readonly #takenBack = new Set<string>();
  readonly #tasks = new TaskQueue(
    OFFERS_MAX,
    () => new UnderstudyError("overloaded", "too many offers of a lead wait for each other"),
  );
  #pending: KeptHandOver | null;

  constructor(options: StaticHandOverOptions) {
    this.#of = options;
    this.#pending = options.pending;
  }

  /** True from the offer until its end is known. */
  get isPending(): boolean {
    return this.#pending !== null;
  }

  /**
   * As a master that takes no writes any more. Resolves when the other leads and this node has stepped down. Throws `promotion-blocked`
   * where the other never will, so that this one goes on, and `coordination-unavailable` where that is not known: then it has stepped down.
   */
  async offer(to: KnownLeader & { readonly nodeId: string }, signal: AbortSignal): Promise<void> {
    const { dataDir, host } = this.#of;
    const epoch = this.#of.epoch();
    await this.#findThere(to, signal);
    const kept: KeptHandOver = { ...to, offer: randomToken(9), epoch: epoch.toString() };
    await keepHandOver(dataDir, kept);
    this.#pending = kept;
    let why = "";
    const taken = await this.#ask(kept, { stands: true, timeoutMs: TAKE_MS, signal }).catch(
      (error: unknown) => {
        why = messageOf(error);
        return null;
      },
    );
    // whatever stood in its way, only its own last word is certain
    const answer =
      taken ?? (await this.#ask(kept, { stands: false, timeoutMs: ASK_MS, signal: NEVER }).catch(() => null));
    if (answer && !answer.leads && BigInt(answer.epoch) <= epoch) {
      await this.#forget();
      throw new UnderstudyError("promotion-blocked", `${to.nodeId} did not take the lead: ${why}`);
    }
    host.follow({ ...to, epoch: epoch + 1n, leaseId: null });
    const because = answer?.leads
      ? `the lead was handed over to ${to.nodeId}`
      : `it is not known whether the lead was handed over to ${to.nodeId}`;
    await host.stepDown(because);
    if (!answer?.leads) throw new UnderstudyError("coordination-unavailable", `${because}: ${why}`);
    await this.#forget();
  }

  /** As a slave. Its answer is final, and comes when what it tells is so. Throws `promotion-blocked` where it can't lead. */
  async answer(
    { offer, epoch: text, leader, stands }: OfferRequest,
    signal: AbortSignal,
  ): Promise<OfferAnswer> {
    const { host, isMaster, checkTakes } = this.#of;
    const epoch = BigInt(text);
    return this.#tasks.run(async () => {
      if (!stands) this.#takenBack.add(offer);
      else if (!isMaster()) {
        if (this.#takenBack.has(offer)) {
          throw new UnderstudyError("promotion-blocked", `${leader} has taken its offer back`);
        }
        checkTakes(epoch);
        await this.#take(epoch, signal);
      }
      if (!isMaster()) await host.reopen(epoch);
      const known = this.#of.epoch();
      return { leads: isMaster() && known > epoch, epoch: known.toString() };
    });
  }

  /** Asks again how the last offer has ended; does nothing without one. True where it is known now. Throws while nobody tells. */
  async settle(signal: AbortSignal): Promise<boolean> {
    const kept = this.#pending;
    const { host, isMaster } = this.#of;
    if (!kept || isMaster()) return false;
    const answer = await this.#ask(kept, { stands: false, timeoutMs: ASK_MS, signal });
    if (answer.leads)
      host.follow({ nodeId: kept.nodeId, url: kept.url, epoch: BigInt(answer.epoch), leaseId: null });
    else {
      const [own, told] = [BigInt(kept.epoch), BigInt(answer.epoch)];
      await host.lead((told > own ? told : own) + 1n, signal);
    }
    await this.#forget();
    return true;
  }

  /** A person has decided who leads. */
  async drop(): Promise<void> {
    if (this.#pending) await this.#forget();
  }

  async #take(epoch: bigint, signal: AbortSignal): Promise<void> {
    const { host } = this.#of;
    await host.close(epoch);
    try {
      await host.lead(epoch + 1n, signal);
    } catch (error) {
      await host.stepDown(`it could not begin to lead: ${messageOf(error)}`);
      throw error;
    }
  }

  async #ask(
    { url, offer, epoch }: KeptHandOver,
    {
      stands,
      ...options
    }: { readonly stands: boolean; readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<OfferAnswer> {
    await using client = this.#of.peers.connect(url);
    return await client.offer({ offer, epoch, leader: this.#of.nodeId, stands }, options);
  }

  async #forget(): Promise<void> {
    await forgetHandOver(this.#of.dataDir);
    this.#pending = null;
  }

  /** One that does not answer is better found before anything depends on it. Throws `promotion-blocked`. */
  async #findThere(
    { nodeId, url }: KnownLeader & { readonly nodeId: string },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await using client = this.#of.peers.connect(url);
      await client.ping({ signal, timeoutMs: ASK_MS });
    } catch (error) {
      throw new UnderstudyError("promotion-blocked", `${nodeId} does not answer: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}
