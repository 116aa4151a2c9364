import { SpanKind } from "@opentelemetry/api";
import type { GtidPosition } from "@understudy/binlog";
import type { NodeClient } from "@understudy/client";
import { BINLOG_MEDIA_TYPE, HEADERS, UnderstudyError } from "@understudy/protocol";
import type { Delivery, SlaveEndpoint } from "@understudy/replication-queue";
import { inSpan, type SpanOptions } from "../tracing/in-span.ts";

/** Who sends deliveries, as their headers say. */
export interface DeliverySender {
  readonly nodeId: string;
  readonly url: string;
  readonly clusterId: string;
  readonly epoch: bigint;
  readonly flavour: string;
  readonly serverVersion: string;
  /** In which version of the interface between nodes it speaks now. */
  readonly wire: () => number;
  readonly parsePosition: (text: string) => GtidPosition;
  /** Told with each ack which copy the slave gives, as it says. */
  readonly onGiving: (told: unknown) => void;
}

/**
 * No bound of its own: a slave may well apply one ALTER TABLE for hours. The health monitor cuts deliveries to a slave that
 * is gone.
 */
const DELIVERY_TIMEOUT_MS = 24 * 3_600_000;
const POSITION_TIMEOUT_MS = 5000;

/** A slave over HTTP, as the replication queue needs it. */
export function createSlaveEndpoint(
  nodeId: string,
  client: NodeClient,
  sender: DeliverySender,
): SlaveEndpoint {
  let isKnown = false;
  const checkIs = (told: string | undefined): void => {
    if (told !== undefined && told !== nodeId)
      throw new UnderstudyError("cluster-mismatch", `${client.url} is ${told}, not ${nodeId}`);
    if (told !== undefined) isKnown = true;
    // the answer of an older release is no ack of this node before the address has said whose it is
    if (!isKnown) throw new UnderstudyError("position-mismatch", `${client.url} has not said who it is`);
  };
  return {
    nodeId,
    deliver: async (delivery, signal) => {
      const send = async (): Promise<GtidPosition> => {
        const answer = await client.deliver(
          { headers: deliveryHeaders(delivery, sender), body: delivery.body },
          { signal, timeoutMs: DELIVERY_TIMEOUT_MS },
        );
        checkIs(answer.nodeId);
        sender.onGiving(answer.giving);
        return sender.parsePosition(answer.position);
      };
      // a heartbeat each second would drown all else
      return delivery.transactions === 0 ? send() : inSpan("deliver", spanOf(nodeId, delivery), send);
    },
    position: async (signal) => {
      const answer = await client.position({ signal, timeoutMs: POSITION_TIMEOUT_MS });
      checkIs(answer.nodeId);
      if (answer.state === "master") {
        throw new UnderstudyError("epoch-stale", `${nodeId} is a master itself, in epoch ${answer.epoch}`, {
          details: { epoch: answer.epoch },
        });
      }
      if (answer.state === "broken")
        throw new UnderstudyError("apply-failed", answer.error ?? "it is broken");
      return sender.parsePosition(answer.position);
    },
  };
}

/** It may hold transactions of many requests, and some of none, so it belongs to no trace of theirs. */
function spanOf(nodeId: string, { transactions, masterPosition }: Delivery): SpanOptions {
  return {
    kind: SpanKind.CLIENT,
    parent: "none",
    attributes: {
      "understudy.member": nodeId,
      "understudy.transactions": transactions,
      "understudy.position": masterPosition.toString(),
    },
  };
}

function deliveryHeaders(delivery: Delivery, sender: DeliverySender): Record<string, string> {
  return {
    "content-type": BINLOG_MEDIA_TYPE,
    [HEADERS.cluster]: sender.clusterId,
    [HEADERS.epoch]: sender.epoch.toString(),
    [HEADERS.sender]: sender.nodeId,
    [HEADERS.senderUrl]: sender.url,
    [HEADERS.after]: delivery.after.toString(),
    [HEADERS.flavour]: sender.flavour,
    [HEADERS.serverVersion]: sender.serverVersion,
    [HEADERS.wire]: String(sender.wire()),
    [HEADERS.masterPosition]: delivery.masterPosition.toString(),
  };
}
