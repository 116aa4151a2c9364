import { memberKey, readClusterState, type ClusterState } from "../src/cluster-state.ts";
import type { MemberValue, SyncValue } from "../src/cluster-keys.ts";
import type { StoredKey } from "../src/coordination-store.ts";

/** A source of transactions for tests. */
export const UUID = "00000000-0000-0000-0000-000000000001";

/** What a test says of a member; the rest is that of a slave with history. */
export interface SampleMember extends Partial<MemberValue> {
  readonly leaseId?: string;
}

/** What a test says of the store. */
export interface SampleStore {
  /** `node:epoch`, under the lease `lease-<node>` where no other is named as a third part. */
  readonly leader?: string;
  readonly epoch?: string;
  readonly sync?: SyncValue;
  readonly members?: Readonly<Record<string, SampleMember>>;
}

/** The state that a store with these keys reads as; the revisions count up in the order of the keys. */
export function sampleState({ leader, epoch, sync, members = {} }: SampleStore): ClusterState {
  const keys = new Map<string, StoredKey>();
  let revision = 10n;
  const put = (key: string, value: unknown, leaseId: string | null = null): void => {
    keys.set(key, {
      value: typeof value === "string" ? value : JSON.stringify(value),
      modRevision: revision++,
      leaseId,
    });
  };
  if (leader !== undefined) {
    const [nodeId = "", leads = "", leaseId = `lease-${nodeId}`] = leader.split(":");
    put("leader", { nodeId, url: `http://${nodeId}`, epoch: leads }, leaseId);
  }
  if (epoch !== undefined) put("epoch", epoch);
  if (sync) put("sync", sync);
  for (const [nodeId, { leaseId = `lease-${nodeId}`, ...member }] of Object.entries(members)) {
    put(memberKey(nodeId), { ...SLAVE, url: `http://${nodeId}`, ...member }, leaseId);
  }
  return readClusterState({ revision, keys });
}

const SLAVE: MemberValue = {
  url: "",
  flavour: "mysql",
  version: "9.7.0",
  role: "slave",
  priority: 0,
  unfit: "",
  hasHistory: true,
  dataEpoch: "1",
  gtid: `${UUID}:1-10`,
  closed: "",
  refused: "",
  behindMs: 0,
  startsNewCluster: false,
  knows: [],
};
