import type { Clock } from "@understudy/kernel";
import type {
  CoordinationStore,
  StoreCall,
  StoreChange,
  StoredKey,
  StoreSnapshot,
} from "../src/coordination-store.ts";
import { unavailable } from "./fake-store.ts";

const STORM = 200;

/** A store for many nodes, in memory and on a test's clock; it is away while a test says so. */
export class MemoryStore {
  /** Answers nobody. */
  isAway = false;
  /** Answers none of these nodes, and tells them of no change. */
  readonly cutOff = new Set<string>();
  /** How many requests have come. */
  requests = 0;
  /** More came at one moment than any election has reason for: from then on none was answered until time went on, so that its test ends. */
  wasStormed = false;
  #moment = { atMs: 0, requests: 0 };
  readonly #clock: Clock;
  readonly #keys = new Map<string, StoredKey>();
  readonly #leases = new Map<string, { readonly ttlMs: number; endsMs: number }>();
  readonly #watchers = new Set<(keys: readonly string[]) => void>();
  #revision = 1n;
  #leaseCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The value of a key as JSON; undefined where it is not there. */
  value(key: string): unknown {
    this.#expire();
    const stored = this.#keys.get(key);
    return stored && (JSON.parse(stored.value) as unknown);
  }

  /** One node's way to it. */
  client(nodeId: string): CoordinationStore {
    const answer = <T>(request: () => T): Promise<T> => this.#answer(nodeId, request);
    return {
      grantLease: (ttlMs) => answer(() => this.#grant(ttlMs)),
      keepAlive: (leaseId) => answer(() => this.#keep(leaseId)),
      revokeLease: (leaseId) => answer(() => this.#revoke(leaseId)),
      read: () => answer((): StoreSnapshot => ({ revision: this.#revision, keys: new Map(this.#keys) })),
      change: (change) => answer(() => this.#change(change)),
      watch: (onChange, { signal }) =>
        this.#watch((keys) => this.#reaches(nodeId) && onChange(keys), { signal }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #isStorm(): boolean {
    const atMs = this.#clock.monotonicMs();
    const requests = this.#moment.atMs === atMs ? this.#moment.requests + 1 : 1;
    this.#moment = { atMs, requests };
    if (requests > STORM) this.wasStormed = true;
    return requests > STORM;
  }

  #reaches(nodeId: string): boolean {
    return !this.isAway && !this.cutOff.has(nodeId);
  }

  async #answer<T>(nodeId: string, request: () => T): Promise<T> {
    this.requests++;
    if (this.#isStorm()) return unavailable();
    if (!this.#reaches(nodeId)) return unavailable();
    this.#expire();
    return request();
  }

  #grant(ttlMs: number): string {
    const leaseId = `lease-${++this.#leaseCount}`;
    this.#leases.set(leaseId, { ttlMs, endsMs: this.#clock.monotonicMs() + ttlMs });
    return leaseId;
  }

  #keep(leaseId: string): boolean {
    const lease = this.#leases.get(leaseId);
    if (lease) lease.endsMs = this.#clock.monotonicMs() + lease.ttlMs;
    return lease !== undefined;
  }

  #revoke(leaseId: string): void {
    this.#leases.delete(leaseId);
    const gone = [...this.#keys].filter(([, stored]) => stored.leaseId === leaseId).map(([key]) => key);
    if (gone.length === 0) return;
    this.#revision += 1n;
    for (const key of gone) this.#keys.delete(key);
    this.#tell(gone);
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [leaseId, { endsMs }] of this.#leases) if (endsMs <= nowMs) this.#revoke(leaseId);
  }

  #change({ conditions, writes }: StoreChange): { readonly made: boolean; readonly revision: bigint } {
    const isLeaseThere = writes.every(
      (write) => write.kind === "delete" || write.leaseId === undefined || this.#leases.has(write.leaseId),
    );
    const holds = conditions.every(
      ({ key, modRevision }) => (this.#keys.get(key)?.modRevision ?? 0n) === modRevision,
    );
    if (!holds || !isLeaseThere) return { made: false, revision: this.#revision };
    this.#revision += 1n;
    for (const write of writes) {
      if (write.kind === "delete") this.#keys.delete(write.key);
      else {
        const { key, value, leaseId = null } = write;
        this.#keys.set(key, { value, leaseId, modRevision: this.#revision });
      }
    }
    this.#tell(writes.map(({ key }) => key));
    return { made: true, revision: this.#revision };
  }

  #tell(keys: readonly string[]): void {
    for (const watcher of this.#watchers) watcher(keys);
  }

  async #watch(onChange: (keys: readonly string[]) => void, { signal }: StoreCall): Promise<void> {
    this.#watchers.add(onChange);
    onChange([]);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    this.#watchers.delete(onChange);
  }
}
