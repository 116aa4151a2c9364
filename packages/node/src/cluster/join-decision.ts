import type { GtidPosition } from "@understudy/binlog";
import type { ErrorCode, Flavour } from "@understudy/protocol";

/** What a master knows when a node asks to join. */
export interface JoinFacts {
  readonly self: {
    readonly nodeId: string;
    readonly clusterId: string;
    readonly epoch: bigint;
    readonly flavour: Flavour;
    readonly serverId: number;
    /** What this master has committed. */
    readonly executed: GtidPosition;
    /** What is no longer in its binlog. */
    readonly purged: GtidPosition;
  };
  readonly joiner: {
    readonly nodeId: string;
    readonly clusterId: string | null;
    readonly epoch: bigint;
    readonly flavour: Flavour;
    readonly serverId: number;
    readonly position: GtidPosition;
    /** No user schema: its own set-up is all its history. */
    readonly empty: boolean;
  };
}

/** What becomes of the request. */
export type JoinDecision =
  | { readonly kind: "deliver" }
  /** Its GTID state is emptied first, then everything is delivered from the beginning. */
  | { readonly kind: "reset" }
  | { readonly kind: "refuse"; readonly code: ErrorCode; readonly reason: string };

/** Whether and how a node joins: pure, so that every case can be tried. */
export function decideJoin({ self, joiner }: JoinFacts): JoinDecision {
  const refuse = (code: ErrorCode, reason: string): JoinDecision => ({
    kind: "refuse",
    code,
    reason,
  });
  const who = joiner.nodeId;
  if (who === self.nodeId) {
    return refuse(
      "invalid-request",
      `the node id ${who} is this master's own; give each node another UNDERSTUDY_NODE_ID`,
    );
  }
  if (joiner.flavour !== self.flavour) {
    return refuse(
      "server-unsuitable",
      `${who} runs ${joiner.flavour}, but this cluster runs ${self.flavour}`,
    );
  }
  if (joiner.serverId === self.serverId) {
    return refuse(
      "server-unsuitable",
      `the database server of ${who} has the master's own server_id ${self.serverId}; each needs another`,
    );
  }
  if (joiner.clusterId !== null && joiner.clusterId !== self.clusterId && !joiner.empty) {
    return refuse(
      "cluster-mismatch",
      `${who} belongs to the cluster ${joiner.clusterId}, this is ${self.clusterId}`,
    );
  }
  if (joiner.epoch > self.epoch) {
    return refuse("epoch-stale", `${who} knows epoch ${joiner.epoch}, this master leads in ${self.epoch}`);
  }
  return decideByPosition({ self, joiner });
}

function decideByPosition({ self, joiner }: JoinFacts): JoinDecision {
  const at = joiner.position.toString() || "(empty)";
  const isPart = self.executed.contains(joiner.position);
  // a server that was in no cluster has no history but that of its own set-up, even where its numbers look like the master's
  const isOwnSetUp = joiner.empty && joiner.clusterId === null && !joiner.position.isEmpty();
  if (isOwnSetUp && self.purged.isEmpty()) return { kind: "reset" };
  if (isPart && !isOwnSetUp && joiner.position.contains(self.purged)) return { kind: "deliver" };
  const why =
    joiner.position.isEmpty() || (isPart && !isOwnSetUp)
      ? `the binlog of this master no longer reaches back to it (purged: ${self.purged.toString()})`
      : `its history is not part of this master's (${self.executed.toString()})`;
  return {
    kind: "refuse",
    code: "snapshot-required",
    reason: `${joiner.nodeId} is at ${at}, and ${why}: it needs a fresh copy of the data, which this version does not make by itself`,
  };
}
