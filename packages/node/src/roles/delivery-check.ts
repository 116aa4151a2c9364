import type { BrokenRule } from "@understudy/election";
import { HEADERS, speaksWire, UnderstudyError, UNTOLD_WIRE, type WireRange } from "@understudy/protocol";

/** What the headers of a delivery say. */
export interface DeliveryHeaders {
  readonly clusterId: string;
  readonly epoch: bigint;
  readonly sender: string;
  /** Null from a version that did not say. */
  readonly senderUrl: string | null;
  readonly after: string;
  readonly flavour: string;
  /** Version of the interface between nodes. */
  readonly wire: number;
  readonly masterPosition: string;
}

/** Reads a delivery's headers. Throws `invalid-request`. */
export function readDeliveryHeaders(headers: Readonly<Record<string, unknown>>): DeliveryHeaders {
  const text = (name: string): string => {
    const value = headers[name];
    if (typeof value !== "string")
      throw new UnderstudyError("invalid-request", `the header ${name} is missing`);
    return value;
  };
  const epoch = text(HEADERS.epoch);
  if (!/^\d{1,19}$/.test(epoch)) {
    throw new UnderstudyError("invalid-request", `the header ${HEADERS.epoch} is not a number`);
  }
  return {
    clusterId: text(HEADERS.cluster),
    epoch: BigInt(epoch),
    sender: text(HEADERS.sender),
    senderUrl: optionalUrl(headers[HEADERS.senderUrl]),
    after: text(HEADERS.after),
    flavour: text(HEADERS.flavour),
    wire: wireOf(headers[HEADERS.wire]),
    masterPosition: text(HEADERS.masterPosition),
  };
}

/** Of a node that does not say it, the first one. */
function wireOf(value: unknown): number {
  if (value === undefined) return UNTOLD_WIRE.newest;
  if (typeof value === "string" && /^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new UnderstudyError("invalid-request", `the header ${HEADERS.wire} is not a number`);
}

function optionalUrl(value: unknown): string | null {
  return typeof value === "string" && /^https?:\/\/[^\s/]+$/.test(value) ? value : null;
}

/** What a slave holds a delivery against. */
export interface DeliveryExpectation {
  readonly nodeId: string;
  /** What this node understands. */
  readonly wire: WireRange;
  readonly flavour: string;
  /** Null where this node is in no cluster yet. */
  readonly clusterId: string | null;
  readonly epoch: bigint;
  /** Nothing is taken from masters of this or an earlier epoch. */
  readonly closed: bigint | null;
  /** See `NodeConfig.brokenRule`. */
  readonly broken?: BrokenRule | null;
  /** The epoch whose master has compared this node's history with its own, in this life of the node; null for none. */
  readonly registered: bigint | null;
}

/** Throws `version-mismatch` for one that this node might misunderstand, `starting` while a new master is chosen or this node has not registered in that epoch, `cluster-mismatch` for another cluster or flavour, `epoch-stale` with this node's epoch for an older master. */
export function checkDelivery(headers: DeliveryHeaders, expected: DeliveryExpectation): void {
  if (!speaksWire(expected.wire, headers.wire)) {
    const { sender, wire } = headers;
    const behind = wire > expected.wire.newest ? expected.nodeId : sender;
    throw new UnderstudyError(
      "version-mismatch",
      `${sender} delivers in version ${wire} of the interface between nodes, ${expected.nodeId} understands ${expected.wire.oldest} to ${expected.wire.newest}: upgrade ${behind}`,
    );
  }
  if (headers.flavour !== expected.flavour) {
    throw new UnderstudyError(
      "cluster-mismatch",
      `this node runs ${expected.flavour}, the delivery comes from ${headers.flavour}`,
    );
  }
  if (expected.clusterId !== null && headers.clusterId !== expected.clusterId) {
    throw new UnderstudyError(
      "cluster-mismatch",
      `this node belongs to the cluster ${expected.clusterId}, the delivery comes from ${headers.clusterId}`,
    );
  }
  if (expected.broken === "epoch-check") return;
  if (headers.epoch < expected.epoch) {
    throw new UnderstudyError(
      "epoch-stale",
      `${headers.sender} delivers under epoch ${headers.epoch}, this node knows epoch ${expected.epoch}`,
      { details: { epoch: expected.epoch.toString() } },
    );
  }
  if (expected.closed !== null && headers.epoch <= expected.closed) {
    throw new UnderstudyError(
      "starting",
      `this node takes nothing from the master of epoch ${headers.epoch} any more, while another one is chosen`,
    );
  }
  if (expected.registered !== headers.epoch) {
    // numbers of an epoch that is over may have been used again, so that positions alone do not tell whether this node's data fit
    throw new UnderstudyError(
      "starting",
      `${expected.nodeId} has not registered in epoch ${headers.epoch} yet, so nobody has compared its history`,
    );
  }
}
