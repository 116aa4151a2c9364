import type { CoordinationStore, StoreCall, StoreChange, StoreSnapshot } from "@understudy/election";
import { orAbort, withDeadline } from "@understudy/kernel";
import { UnderstudyError } from "@understudy/protocol";
import type { Chance } from "./chance.ts";
import type { Network } from "./network.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimProcess } from "./sim-process.ts";
import type { SimStore } from "./sim-store.ts";

/** The store's name on the network. */
export const STORE = "store";

/** What may go wrong between a node and the store, besides the network. */
export interface StoreTrouble {
  /** How often a change is made long after its sender has given up. */
  late: number;
  /** How often an answer is lost though the request was done. */
  lostAnswers: number;
}

/** What {@link StoreClient} needs. */
export interface StoreClientOptions {
  readonly nodeId: string;
  readonly process: SimProcess;
  readonly store: SimStore;
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trouble: StoreTrouble;
  readonly timeoutMs: number;
}

const WATCH_AGAIN_MS = 500;
const LATE_MS = 7000;

/** A node's way to the store, over a network that loses and delays. */
export class StoreClient implements CoordinationStore {
  readonly #of: StoreClientOptions;

  constructor(options: StoreClientOptions) {
    this.#of = options;
  }

  async grantLease(ttlMs: number, call: StoreCall): Promise<string> {
    return this.#ask((store) => store.grant(ttlMs), call);
  }

  async keepAlive(leaseId: string, call: StoreCall): Promise<boolean> {
    return this.#ask((store) => store.keepAlive(leaseId), call);
  }

  async revokeLease(leaseId: string, call: StoreCall): Promise<void> {
    await this.#ask((store) => store.revoke(leaseId), call);
  }

  async read(call: StoreCall): Promise<StoreSnapshot> {
    return this.#ask((store) => store.read(), call);
  }

  async change(
    change: StoreChange,
    call: StoreCall,
  ): Promise<{ readonly made: boolean; readonly revision: bigint }> {
    return this.#ask((store) => store.change(change), call, true);
  }

  async watch(onChange: (keys: readonly string[]) => void, { signal }: StoreCall): Promise<void> {
    const { store, network, nodeId, process } = this.#of;
    let hasMissed = false;
    const isReached = (): boolean =>
      !store.isDown && !network.link(STORE, nodeId).isCut && !network.link(nodeId, STORE).isCut;
    store.watch((keys) => {
      if (!process.isAlive || signal.aborted) return;
      if (!isReached()) hasMissed = true;
      else network.send(STORE, nodeId, () => process.receive(() => onChange(keys)));
    });
    for (;;) {
      await process.clock.sleep(WATCH_AGAIN_MS, signal);
      if (!hasMissed || !isReached()) continue;
      hasMissed = false;
      onChange([]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // nothing of it outlives its process
  }

  async #ask<T>(request: (store: SimStore) => T, { signal }: StoreCall, canBeLate = false): Promise<T> {
    signal.throwIfAborted();
    const { process, timeoutMs, network, nodeId } = this.#of;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    network.send(nodeId, STORE, () => this.#arrive(() => this.#answer(request, resolve, reject), canBeLate));
    try {
      return await withDeadline({ clock: process.clock, ms: timeoutMs, signal }, (bounded) =>
        orAbort(promise, bounded),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UnderstudyError) throw error;
      throw new UnderstudyError("coordination-unavailable", "the store did not answer in time");
    }
  }

  #arrive(run: () => void, canBeLate: boolean): void {
    const { scheduler, chance, trouble, store } = this.#of;
    const isLate = canBeLate && trouble.late > 0 && chance.happens(trouble.late);
    if (isLate) scheduler.after(chance.between(500, LATE_MS), () => store.execute(run));
    else store.execute(run);
  }

  #answer<T>(
    request: (store: SimStore) => T,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): void {
    const { process, network, nodeId, chance, trouble, store } = this.#of;
    let reply: () => void;
    try {
      const value = request(store);
      reply = () => resolve(value);
    } catch (error) {
      reply = () => reject(error);
    }
    if (trouble.lostAnswers > 0 && chance.happens(trouble.lostAnswers)) return;
    network.send(STORE, nodeId, () => process.receive(reply));
  }
}
