import type { NodeClient, NodeClientOptions } from "./node-client.ts";

/** Makes a client of one node; it connects at the first call. Throws `invalid-request` for a URL that is none. */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  throw new Error(`not built yet: ${options.url}`);
}
