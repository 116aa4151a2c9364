/** A key as it stands in the store at one revision. */
export interface StoredKey {
  readonly value: string;
  /** The store's revision at which it was written last; grows with every write, so that two equal ones mean: not touched in between. */
  readonly modRevision: bigint;
  /** The lease that it goes with; null where it stays. */
  readonly leaseId: string | null;
}

/** All keys below a prefix at one revision of the store. */
export interface StoreSnapshot {
  readonly revision: bigint;
  /** By key, without the prefix. */
  readonly keys: ReadonlyMap<string, StoredKey>;
}

/** What must hold for a change to happen. */
export interface StoreCondition {
  /** Without the prefix. */
  readonly key: string;
  /** Revision of its last write; 0 where it must not be there. */
  readonly modRevision: bigint;
}

/** One part of a change. */
export type StoreWrite =
  | { readonly kind: "put"; readonly key: string; readonly value: string; readonly leaseId?: string }
  | { readonly kind: "delete"; readonly key: string };

/** A change that happens as a whole, or not at all. */
export interface StoreChange {
  readonly conditions: readonly StoreCondition[];
  readonly writes: readonly StoreWrite[];
}

/** How a call is bounded. */
export interface StoreCall {
  readonly signal: AbortSignal;
}

/**
 * The store that a cluster agrees by: linearizable, with leases and watches, as etcd's. All keys lie below one prefix, which the
 * store adds and takes off. Every call throws `coordination-unavailable` where the store can't be asked in time; a change may
 * have happened then, and is not tried again by the store itself (`details.isUndone` is true where it surely did not). It throws
 * `forbidden` where the store refuses the user, `invalid-request` where it refuses the request, and the signal's reason.
 */
export interface CoordinationStore extends AsyncDisposable {
  /** A lease of `ttlMs` (whole seconds). Keys under it are removed when it is not kept alive for so long. */
  grantLease(ttlMs: number, call: StoreCall): Promise<string>;
  /** Begins the lease's time anew. False where it is over: it never comes back. */
  keepAlive(leaseId: string, call: StoreCall): Promise<boolean>;
  /** Ends a lease and with it its keys; no error where it is over already. */
  revokeLease(leaseId: string, call: StoreCall): Promise<void>;
  /** Everything at its newest revision (never a stale read). */
  read(call: StoreCall): Promise<StoreSnapshot>;
  /**
   * Answers whether the conditions held, so that the writes were made; `revision` is the store's after it. That a write's lease is
   * still there is one of the conditions.
   */
  change(
    change: StoreChange,
    call: StoreCall,
  ): Promise<{ readonly made: boolean; readonly revision: bigint }>;
  /**
   * Calls `onChange` with no keys as soon as the watch stands, since something may have changed before, and then soon after something
   * has changed, with the keys that did. It is a hint to read again: changes may be told
   * together or, after a broken connection, twice; none is missed for good, since the watch goes on from the revision that it has seen
   * (or calls with no keys where that is compacted). Resolves when the signal aborts or
   * the store is closed; reconnects by itself until then. Rejects only with what `onChange` throws.
   */
  watch(onChange: (keys: readonly string[]) => void, call: StoreCall): Promise<void>;
}
