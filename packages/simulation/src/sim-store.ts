import { UnderstudyError } from "@understudy/protocol";
import type { StoreChange, StoredKey, StoreSnapshot } from "@understudy/election";
import type { Scheduler } from "./scheduler.ts";

interface Lease {
  readonly ttlMs: number;
  endsMs: number;
}

/** The store itself: one linear history of changes, leases that run out by its own time, and those who watch. */
export class SimStore {
  readonly #scheduler: Scheduler;
  readonly #keys = new Map<string, StoredKey>();
  readonly #leases = new Map<string, Lease>();
  readonly #watchers = new Set<(keys: readonly string[]) => void>();
  #revision = 1n;
  #leaseCount = 0;
  #isDown = false;
  #waiting: (() => void)[] | null = null;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** The last epoch that was given out. */
  get epoch(): bigint {
    return BigInt(this.#keys.get("epoch")?.value ?? "0");
  }

  /** Runs a request now, never, or, while it is frozen, when it goes on. */
  execute(request: () => void): void {
    if (this.#isDown) return;
    if (this.#waiting) this.#waiting.push(request);
    else request();
  }

  /** Answers nothing until {@link start}. */
  stop(): void {
    this.#isDown = true;
  }

  /** Takes requests, and answers none until {@link start}. */
  freeze(): void {
    this.#waiting ??= [];
  }

  /** Goes on. As in etcd all leases begin anew then. */
  start(): void {
    this.#isDown = false;
    for (const [id, lease] of this.#leases) this.#extend(id, lease);
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const request of waiting) request();
  }

  watch(watcher: (keys: readonly string[]) => void): void {
    this.#watchers.add(watcher);
  }

  grant(ttlMs: number): string {
    const id = `lease-${++this.#leaseCount}`;
    const lease = { ttlMs, endsMs: 0 };
    this.#leases.set(id, lease);
    this.#extend(id, lease);
    return id;
  }

  keepAlive(id: string): boolean {
    const lease = this.#leases.get(id);
    if (!lease) return false;
    this.#extend(id, lease);
    return true;
  }

  revoke(id: string): void {
    if (!this.#leases.delete(id)) return;
    const keys = [...this.#keys].filter(([, { leaseId }]) => leaseId === id).map(([key]) => key);
    if (keys.length === 0) return;
    this.#revision++;
    for (const key of keys) this.#keys.delete(key);
    this.#tell(keys);
  }

  read(): StoreSnapshot {
    return { revision: this.#revision, keys: new Map(this.#keys) };
  }

  change({ conditions, writes }: StoreChange): { readonly made: boolean; readonly revision: bigint } {
    const holds = conditions.every(({ key, modRevision }) => this.revisionOf(key) === modRevision);
    if (!holds) return { made: false, revision: this.#revision };
    for (const write of writes) {
      if (write.kind === "put" && write.leaseId !== undefined && !this.#leases.has(write.leaseId)) {
        throw new UnderstudyError("coordination-unavailable", "requested lease not found");
      }
    }
    this.#revision++;
    for (const write of writes) {
      if (write.kind === "delete") this.#keys.delete(write.key);
      else {
        this.#keys.set(write.key, {
          value: write.value,
          modRevision: this.#revision,
          leaseId: write.leaseId ?? null,
        });
      }
    }
    this.#tell(writes.map(({ key }) => key));
    return { made: true, revision: this.#revision };
  }

  /** Of a key's last write; 0 where it is not there. */
  revisionOf(key: string): bigint {
    return this.#keys.get(key)?.modRevision ?? 0n;
  }

  #extend(id: string, lease: Lease): void {
    lease.endsMs = this.#scheduler.nowMs + lease.ttlMs;
    this.#scheduler.after(lease.ttlMs, () => this.#expire(id));
  }

  #expire(id: string): void {
    const lease = this.#leases.get(id);
    // a store that is not there lets no lease run out; they begin anew when it is
    if (!lease || this.#isDown || this.#waiting || lease.endsMs > this.#scheduler.nowMs) return;
    this.revoke(id);
  }

  #tell(keys: readonly string[]): void {
    for (const watcher of this.#watchers) watcher(keys);
  }
}
