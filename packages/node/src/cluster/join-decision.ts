import { commonHistory, type GtidPosition } from "@understudy/binlog";
import { chooseWire, type ErrorCode, type Flavour, type WireRange } from "@understudy/protocol";

/** What a master knows when a node asks to join. */
export interface JoinFacts {
  readonly self: {
    readonly nodeId: string;
    readonly clusterId: string;
    readonly epoch: bigint;
    readonly flavour: Flavour;
    readonly serverId: number;
    readonly wire: WireRange;
    /** What this master has committed. */
    readonly executed: GtidPosition;
    /** What is no longer in its binlog. */
    readonly purged: GtidPosition;
    /** What of the joiner's epoch has become part of this master's history, as `commonHistory` compares it. */
    readonly survived: string;
  };
  readonly joiner: {
    readonly nodeId: string;
    readonly clusterId: string | null;
    readonly epoch: bigint;
    readonly flavour: Flavour;
    readonly serverId: number;
    readonly wire: WireRange;
    readonly position: GtidPosition;
    /** The same to the transaction, as `commonHistory` compares it. */
    readonly history: string;
    /** A copy of the data was not restored to its end. */
    readonly torn: boolean;
    /** A person wants it to get a fresh copy. */
    readonly wantsRebuild: boolean;
    /** No user schema: its own set-up is all its history. */
    readonly empty: boolean;
  };
}

/** What becomes of the request. */
export type JoinDecision =
  | { readonly kind: "deliver" }
  /** Its GTID state is emptied first, then everything is delivered from the beginning. */
  | { readonly kind: "reset" }
  /** It saves what only it has, and takes a fresh copy of the data. */
  | { readonly kind: "rebuild"; readonly reason: string }
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
      "node-id-taken",
      `the node id ${who} is this master's own; give each node another UNDERSTUDY_NODE_ID`,
    );
  }
  // before anything that could mean something else by now
  const wire = chooseWire(self, joiner);
  if (wire.kind === "mismatch") return refuse("version-mismatch", wire.reason);
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

/** Whether a master has all that a node has, to the transaction: numbers alone may have been used again. */
export function isPartOfHistory(
  flavour: Flavour,
  joiner: Pick<JoinFacts["joiner"], "position" | "history">,
  master: Pick<JoinFacts["self"], "executed" | "survived">,
): boolean {
  return (
    master.executed.contains(joiner.position) &&
    commonHistory(flavour, joiner.history, master.survived).isWhole
  );
}

function decideByPosition({ self, joiner }: JoinFacts): JoinDecision {
  const at = joiner.position.toString() || "(empty)";
  const rebuild = (reason: string): JoinDecision => ({ kind: "rebuild", reason });
  if (joiner.torn) return rebuild("a copy of the data was not restored to its end");
  // a server that was in no cluster has no history but that of its own set-up, even where its numbers look like the master's
  const isOwnSetUp = joiner.empty && joiner.clusterId === null && !joiner.position.isEmpty();
  if (isOwnSetUp && self.purged.isEmpty()) return { kind: "reset" };
  const reach = `the binlog of this master no longer reaches back to it (purged: ${self.purged.toString()})`;
  if (isOwnSetUp) return rebuild(`it is new, and ${reach}`);
  const isPart = isPartOfHistory(self.flavour, joiner, self);
  if (!isPart && joiner.clusterId === null) {
    return {
      kind: "refuse",
      code: "snapshot-required",
      reason: `${joiner.nodeId} is at ${at}, and its history is not part of this master's (${self.executed.toString()}): it has data of its own and was in no cluster before. To let it join, save what you need of it and drop its databases; it then takes a copy by itself`,
    };
  }
  if (joiner.wantsRebuild) return rebuild("a person wants it to get a fresh copy");
  if (!isPart) {
    return rebuild(
      `it is at ${at}, and its history is not part of this master's (${self.executed.toString()})`,
    );
  }
  return joiner.position.contains(self.purged)
    ? { kind: "deliver" }
    : rebuild(`it is at ${at}, and ${reach}`);
}
