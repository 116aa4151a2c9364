import { UnderstudyError } from "@understudy/protocol";
import type { SnapshotOrigin } from "@understudy/snapshot";

/** What is known before a backup is restored. */
export interface RestoreFacts {
  /** Null for a copy that is no backup. */
  readonly origin: SnapshotOrigin | null;
  /** True where the node is to go on in the cluster that the backup is of. */
  readonly rejoins: boolean;
  /** The configured name of the cluster. */
  readonly clusterId: string | undefined;
  /** Schemas that would be replaced. */
  readonly schemas: readonly string[];
  /** An earlier restore has not come to its end: what is there is worth nothing. */
  readonly isTorn: boolean;
  /** A person has said that what is there may be replaced. */
  readonly mayReplace: boolean;
  /** Sessions of a node on this server, as `user (id)`. */
  readonly sessions: readonly string[];
  /** A name for a new cluster where none is configured. */
  readonly freshClusterId: string;
}

/** How a backup is restored. */
export interface RestorePlan {
  readonly clusterId: string;
  /** What makes the data a new cluster's; none where they stay a part of the old one's history. */
  readonly statements: readonly string[];
}

/** A new cluster's epochs begin behind all that the old one may have reached since. */
const EPOCH_ROOM = 1000n;

/**
 * Decides whether and how a backup may be restored: pure, so that every case can be tried. Throws the refusal, which says what to do.
 *
 * A new cluster has another name, so that no node of the old one takes it for its own; no members, so that it invites none of theirs; no
 * leader, so that whoever leads begins an epoch; and epochs that the old one does not reach, so that a position of what came after the
 * backup there is never found here.
 */
export function planRestore(facts: RestoreFacts): RestorePlan {
  const { origin, rejoins, clusterId, schemas, isTorn, mayReplace, sessions, freshClusterId } = facts;
  if (!origin) {
    throw new UnderstudyError(
      "not-allowed",
      "this is a copy from one node to another and no backup; take one with GET /backup",
    );
  }
  if (sessions.length > 0) {
    throw new UnderstudyError(
      "not-allowed",
      `somebody is logged in to the database server as a node is: ${sessions.join(", ")}. Stop the node, and end such sessions`,
    );
  }
  if (schemas.length > 0 && !isTorn && !mayReplace) {
    throw new UnderstudyError(
      "not-allowed",
      `the database server is not empty: ${listOf(schemas)}. Give it an empty one, or say --replace-all-data to lose what is there`,
    );
  }
  if (rejoins) {
    if (clusterId !== undefined && clusterId !== origin.clusterId) {
      throw new UnderstudyError(
        "cluster-mismatch",
        `the backup is of the cluster ${origin.clusterId}, but UNDERSTUDY_CLUSTER_ID is ${clusterId}: it can't rejoin that; leave --rejoin out for a new cluster of this name`,
      );
    }
    return { clusterId: origin.clusterId, statements: [] };
  }
  if (clusterId === origin.clusterId) {
    throw new UnderstudyError(
      "cluster-mismatch",
      `the backup is of the cluster ${clusterId} itself. Give the new cluster another UNDERSTUDY_CLUSTER_ID, so that the two never mix, or say --rejoin to bring this node back into the old one`,
    );
  }
  const name = clusterId ?? freshClusterId;
  if (!/^[\w.-]{1,64}$/.test(name))
    throw new UnderstudyError("config-invalid", `${name} is no name for a cluster`);
  const epoch = (origin.epoch / EPOCH_ROOM + 2n) * EPOCH_ROOM;
  return {
    clusterId: name,
    statements: [
      `UPDATE understudy.cluster SET cluster_id = '${name}', leader = '', epoch = ${epoch}`,
      "DELETE FROM understudy.members",
    ],
  };
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more databases` : shown;
}
