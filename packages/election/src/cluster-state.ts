import { parseGtidPosition, type GtidPosition } from "@understudy/binlog";
import { isCodedError } from "@understudy/kernel";
import type { Flavour } from "@understudy/protocol";
import { CHECKS, KEYS, parseValue } from "./cluster-keys.ts";
import type { StoredKey, StoreSnapshot } from "./coordination-store.ts";

/** Who holds the lead. */
export interface Leader {
  readonly nodeId: string;
  readonly url: string;
  readonly epoch: bigint;
  readonly leaseId: string | null;
}

/** See `SyncValue`. */
export interface SyncSet {
  readonly leader: string;
  readonly epoch: bigint;
  readonly members: readonly string[];
  readonly acks: number;
}

/** A node that is there, in its own words. */
export interface PresentMember {
  readonly nodeId: string;
  readonly url: string;
  readonly leaseId: string | null;
  readonly modRevision: bigint;
  readonly priority: number;
  /** Null where it can lead. */
  readonly unfit: string | null;
  readonly hasHistory: boolean;
  readonly dataEpoch: bigint;
  readonly position: GtidPosition;
  readonly closed: bigint | null;
  readonly refused: bigint | null;
  readonly behindMs: number | null;
  readonly startsNewCluster: boolean;
  readonly knows: readonly string[];
}

/** What the cluster has agreed on, at one revision of its store. */
export interface ClusterState {
  /** The store's revision that it was read at. */
  readonly revision: bigint;
  readonly leader: Leader | null;
  /** The last epoch that was given out; 0 in a new cluster. */
  readonly epoch: bigint;
  readonly sync: SyncSet | null;
  /** Format of these keys; 0 where nobody has written it yet. */
  readonly format: number;
  readonly members: ReadonlyMap<string, PresentMember>;
  /** Of a key's last write; 0 where it is not there. */
  revisionOf(key: string): bigint;
}

/** Reads the store's keys. What can't be understood counts as not being there, but keeps its revision. */
export function readClusterState({ revision, keys }: StoreSnapshot): ClusterState {
  const members = new Map<string, PresentMember>();
  for (const [key, stored] of keys) {
    if (!key.startsWith(KEYS.members)) continue;
    const nodeId = key.slice(KEYS.members.length);
    const member = memberOf(nodeId, stored);
    if (member) members.set(nodeId, member);
  }
  return {
    revision,
    leader: leaderOf(keys.get(KEYS.leader)),
    epoch: epochOf(keys.get(KEYS.epoch)?.value ?? ""),
    sync: syncOf(keys.get(KEYS.sync)),
    format: formatOf(keys.get(KEYS.format)?.value ?? ""),
    members,
    revisionOf: (key) => keys.get(key)?.modRevision ?? 0n,
  };
}

/**
 * The highest epoch that anything in the store or in a member's data speaks of: the store's own may be lower where it was lost or
 * was put back from a backup.
 */
export function highestEpoch({
  epoch,
  leader,
  sync,
  members,
}: Pick<ClusterState, "epoch" | "leader" | "sync" | "members">): bigint {
  const others = [leader?.epoch, sync?.epoch, ...[...members.values()].map(({ dataEpoch }) => dataEpoch)];
  return others.reduce<bigint>((highest, other) => (other && other > highest ? other : highest), epoch);
}

/** The key under which a member tells of itself. */
export function memberKey(nodeId: string): string {
  return `${KEYS.members}${nodeId}`;
}

function epochOf(text: string): bigint {
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

function formatOf(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

function leaderOf(stored: StoredKey | undefined): Leader | null {
  const value = stored && parseValue(CHECKS.leader, stored.value);
  return value ? { ...value, epoch: BigInt(value.epoch), leaseId: stored.leaseId } : null;
}

function syncOf(stored: StoredKey | undefined): SyncSet | null {
  const value = stored && parseValue(CHECKS.sync, stored.value);
  return value ? { ...value, epoch: BigInt(value.epoch) } : null;
}

function memberOf(nodeId: string, stored: StoredKey): PresentMember | null {
  const value = parseValue(CHECKS.member, stored.value);
  const position = value && positionOf(value.flavour, value.gtid);
  if (!position) return null;
  return {
    nodeId,
    url: value.url,
    leaseId: stored.leaseId,
    modRevision: stored.modRevision,
    priority: value.priority,
    unfit: value.unfit === "" ? null : value.unfit,
    hasHistory: value.hasHistory,
    dataEpoch: BigInt(value.dataEpoch),
    position,
    closed: value.closed === "" ? null : BigInt(value.closed),
    refused: value.refused === "" ? null : BigInt(value.refused),
    behindMs: value.behindMs,
    startsNewCluster: value.startsNewCluster,
    knows: value.knows,
  };
}

function positionOf(flavour: Flavour, gtid: string): GtidPosition | null {
  try {
    return parseGtidPosition(flavour, gtid);
  } catch (error) {
    if (isCodedError(error)) return null;
    throw error;
  }
}
