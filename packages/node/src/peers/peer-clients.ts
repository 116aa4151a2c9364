import { causeHeaders } from "../tracing/cause.ts";
import { createNodeClient, type NodeClient, type NodeClientOptions } from "@understudy/client";

/** How this node speaks to the others of its cluster: each client that it has of them is made here, so that all prove who they are. */
export interface PeerClients {
  /** A client of the node at `url`; to be disposed by whoever asked. Throws `invalid-request` for a URL that is none. */
  connect(url: string): NodeClient;
}

/**
 * Clients under this node's own token and certificate, where it has them. Each call has an id and, where it is part of one, a trace: see
 * {@link causeHeaders}.
 */
export function createPeerClients(
  nodeId: string,
  options: Pick<NodeClientOptions, "token" | "tls"> = {},
): PeerClients {
  const headers = (): Record<string, string> => causeHeaders(nodeId);
  return { connect: (url) => createNodeClient({ ...options, headers, url }) };
}
