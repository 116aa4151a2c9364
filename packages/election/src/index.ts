export { BROKEN_RULES, type BrokenRule } from "./broken-rule.ts";
export type {
  CoordinationStore,
  StoreCall,
  StoreChange,
  StoreCondition,
  StoredKey,
  StoreSnapshot,
  StoreWrite,
} from "./coordination-store.ts";
export {
  readClusterState,
  type ClusterState,
  type Leader,
  type PresentMember,
  type SyncSet,
} from "./cluster-state.ts";
export type { Election, PromiseRequest } from "./election.ts";
export type { AckSet, ElectionHost, NodeDescription, SlavesInSync } from "./election-host.ts";
export { DEFAULT_TIMINGS, timingProblem, type ElectionTimings } from "./election-timings.ts";
export { LeaseElection, type LeaseElectionOptions } from "./lease-election.ts";
export { planPromotion, type Candidate, type PromotionPlan } from "./promotion-plan.ts";
export { nodeIdTaken } from "./twin-watch.ts";
export { SyncAgreement } from "./sync-agreement.ts";
export type { EtcdStore } from "./etcd/etcd-store.ts";
export type { EtcdStoreOptions } from "./etcd/etcd-store-options.ts";
export { openEtcdStore } from "./etcd/open-etcd-store.ts";
