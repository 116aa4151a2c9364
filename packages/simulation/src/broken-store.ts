import type { BrokenRule, CoordinationStore, StoreSnapshot } from "@understudy/election";

/** The store with one rule broken, for simulations that must find it. */
export function breakStore(
  store: CoordinationStore,
  broken: BrokenRule | null,
  nodeId: string,
): CoordinationStore {
  if (broken !== "conditions" && broken !== "quorum") return store;
  return {
    grantLease: (ttlMs, call) => store.grantLease(ttlMs, call),
    keepAlive: (leaseId, call) => store.keepAlive(leaseId, call),
    revokeLease: (leaseId, call) => store.revokeLease(leaseId, call),
    read: async (call) => {
      const snapshot = await store.read(call);
      return broken === "quorum" ? withoutQuorum(snapshot, nodeId) : snapshot;
    },
    change: (change, call) =>
      store.change(broken === "conditions" ? { ...change, conditions: [] } : change, call),
    watch: (onChange, call) => store.watch(onChange, call),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** Who is in sync reads, to all but their master, as if each had acked everything. */
function withoutQuorum({ revision, keys }: StoreSnapshot, nodeId: string): StoreSnapshot {
  const changed = new Map(keys);
  const sync = keys.get("sync");
  if (sync && !sync.value.includes(`"leader":"${nodeId}"`)) {
    const value: unknown = JSON.parse(sync.value);
    const members: unknown = value instanceof Object && "members" in value ? value.members : [];
    const acks = Array.isArray(members) ? members.length : 0;
    changed.set("sync", { ...sync, value: JSON.stringify(Object.assign({}, value, { acks })) });
  }
  return { revision, keys: changed };
}
